package session_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/pdu"
)

// TestLoginStatus: every status but success ends the login, whatever else the
// response says.
func TestLoginStatus(t *testing.T) {
	t.Parallel()
	var statuses []pdu.Status
	for class := range pdu.Status(6) {
		for detail := range pdu.Status(16) {
			statuses = append(statuses, class<<8|detail)
		}
	}
	statuses = append(statuses[1:], 0x00ff, 0x01ff, 0x02ff, 0x03ff, 0xff00, 0xffff)
	for _, status := range statuses {
		for _, flags := range []string{"0", "1", "1>3", "1+", "3", "2>2+"} {
			t.Run(fmt.Sprintf("%04x in %s", uint16(status), flags), func(t *testing.T) {
				t.Parallel()
				l := logIn(t, config(), but(says(flags, "AuthMethod=CHAP", "AuthMethod=CHAP", "rubbish"), func(m *pdu.LoginResponse) {
					m.Status, m.VersionActive, m.StatSN, m.MaxCmdSN, m.TSIH = status, 9, 77, 1, 5
				}))
				if l.done || len(l.sent) != 1 {
					t.Errorf("done %t after %d requests", l.done, len(l.sent))
				}
				e := as[*pdu.LoginError](t, l.err)
				if e.Status != status || e.Address != "" {
					t.Errorf("got %+v", e)
				}
				if want := fmt.Sprintf("(0x%04x)", uint16(status)); !strings.Contains(e.Error(), want) {
					t.Errorf("%q does not tell %s", e, want)
				}
			})
		}
	}
}

// TestLoginStatusLater: a status counts in every round, also over the C bit.
func TestLoginStatusLater(t *testing.T) {
	t.Parallel()
	refused := but(says("0"), func(m *pdu.LoginResponse) { m.Status = pdu.StatusAuthFailure })
	for _, before := range [][]reply{{says("1")}, {says("1+")}, {says("1"), says("1+", "HeaderDi")}} {
		l := logIn(t, config(), append(before, refused)...)
		if e := as[*pdu.LoginError](t, l.err); e.Status != pdu.StatusAuthFailure || l.done {
			t.Errorf("got %v, done %t", e, l.done)
		}
	}
}

// TestLoginStatusTag: a failing response may have any tag; only where it makes
// us go elsewhere it has to be ours.
func TestLoginStatusTag(t *testing.T) {
	t.Parallel()
	status := func(s pdu.Status) reply {
		return but(says("1", "TargetAddress=192.0.2.9"), func(m *pdu.LoginResponse) { m.Status, m.ITT = s, m.ITT+1 })
	}
	if e := as[*pdu.LoginError](t, logIn(t, config(), status(pdu.StatusOutOfResources)).err); e.Status != pdu.StatusOutOfResources {
		t.Errorf("got %v", e)
	}
	judge(t, logIn(t, config(), status(pdu.StatusMovedTemporarily)).err, breaks+"its task tag is not ours")
}

// TestLoginRedirect: the first address of a redirection is the one that counts.
func TestLoginRedirect(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		data pdu.Text
		want string
	}{
		{name: "one", data: text("TargetAddress=192.0.2.9:3260"), want: "192.0.2.9:3260"},
		{name: "several", data: text("TargetAddress=192.0.2.9", "TargetAddress=192.0.2.10"), want: "192.0.2.9"},
		{name: "behind another key", data: text("TargetPortalGroupTag=1", "TargetAddress=[2001:db8::9]:3261,1"), want: "[2001:db8::9]:3261,1"},
		{name: "none", data: text("TargetAlias=x")},
		{name: "no text"},
		{name: "an empty one", data: text("TargetAddress=")},
		{name: "malformed text in front", data: text("rubbish", "TargetAddress=192.0.2.9")},
		{name: "no NUL", data: pdu.Text("TargetAddress=192.0.2.9")},
		{name: "anything in it", data: text("TargetAddress=\x1b[2J\xff,"), want: "\x1b[2J\xff,"},
		{name: "long", data: text("TargetAddress=" + strings.Repeat("a", 8000)), want: strings.Repeat("a", 8000)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, status := range []pdu.Status{pdu.StatusMovedTemporarily, pdu.StatusMovedPermanently, 0x0107} {
				l := logIn(t, config(), but(says("1"), func(m *pdu.LoginResponse) { m.Status, m.Data = status, tt.data }))
				e := as[*pdu.LoginError](t, l.err)
				if e.Status != status || e.Address != tt.want {
					t.Errorf("got %+v, want %q", e, tt.want)
				}
				judge(t, e, "target refused: "+status.String())
			}
		})
	}
}
