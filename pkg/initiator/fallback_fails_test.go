package initiator_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/pdu"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// TestFallbackFails: where both tries fail the error says both, and what can be
// asked of an error is that of the second.
func TestFallbackFails(t *testing.T) {
	t.Parallel()
	const check = "; check the CHAP name and secret (--chap-user, --chap-secret), and whether CHAP is set up for discovery at the portal"
	refused := func(text string) scene.Outcome {
		return scene.Outcome{Stage: initiator.StageLogin, Code: isdsc.AuthenticationFailure, Text: text}
	}
	connect := scene.Outcome{Stage: initiator.StageConnect, Code: isdsc.ConnectionFailed, Retry: true}
	tests := []struct {
		name        string
		first, then iscsitest.Handler
		offers      []string
		want        scene.Outcome
		status      pdu.Status // of the second failure
	}{
		{name: "0201 twice", first: confused("8", 0x0201), then: confused("5", 0x0201), status: 0x0201,
			want: refused(": refused with SHA3-256, and with MD5: target refused: authentication failure (0x0201)" + check)},
		{name: "list, 0201 twice", first: atKey("CHAP_A", "", refusal(0x0201)), then: atKey("CHAP_A", "", refusal(0x0201)), status: 0x0201,
			want: refused(": refused with the list " + allAlgorithms + ", and with MD5: target refused: authentication failure (0x0201)" + check)},
		{name: "0200, then 0201", first: confused("7", 0x0200), then: confused("5", 0x0201), status: 0x0201,
			want: refused(": refused with SHA-256 (0x0200), and with MD5: target refused: authentication failure (0x0201)" + check)},
		{name: "0201, then 0202", first: confused("7", 0x0201), then: confused("5", 0x0202), status: 0x0202,
			want: scene.Outcome{Stage: initiator.StageLogin, Code: isdsc.AuthorizationFailure, Text: ": refused with SHA-256 (0x0201), and with MD5: target refused: authorization failure (0x0202)"}},
		{name: "0201, then 0301", first: confused("7", 0x0201), then: &iscsitest.Target{Status: 0x0301}, offers: []string{"8,7,6,5", ""}, status: 0x0301,
			want: scene.Outcome{Stage: initiator.StageLogin, Code: isdsc.ServiceUnavailable, Retry: true, Text: "and with MD5: target refused: service unavailable (0x0301)"}},
		{name: "rejected twice", first: atKey("CHAP_A", "", reply("0", "CHAP_A=Reject")), then: atKey("CHAP_A", "", reply("0", "CHAP_A=Reject")),
			want: refused(": refused with the list " + allAlgorithms + " (CHAP_A=Reject), and with MD5: CHAP: the target rejected all algorithms that we offered (md5): CHAP_A=Reject; check which CHAP algorithms the portal supports (--chap-algorithms)")},
		{name: "response rejected, then 0201", first: atKey("CHAP_R", "6", reply("0", "CHAP_R=Reject")), then: confused("5", 0x0201), status: 0x0201,
			want: refused(": refused with SHA-1 (CHAP_R=Reject), and with MD5: target refused")},
		{name: "closed twice", first: atKey("CHAP_A", "", iscsitest.Close()), then: atKey("CHAP_A", "", iscsitest.Close()),
			want: scene.Outcome{Stage: initiator.StageLogin, Code: isdsc.TransportError, Retry: true, Text: ": connection closed with the list " + allAlgorithms + ", and with MD5: the target closed the connection"}},
		{name: "closed, then 0201", first: atKey("CHAP_R", "8", iscsitest.Close()), then: confused("5", 0x0201), status: 0x0201,
			want: refused(": connection closed with SHA3-256, and with MD5: target refused: authentication failure (0x0201)" + check)},
		{name: "another algorithm", first: confused("7", 0x0200), then: atKey("CHAP_A", "", reply("0", "CHAP_A=7", "CHAP_I=1", "CHAP_C=0x0011223344556677")),
			want: refused("and with MD5: CHAP: we offered algorithms 5; the target chose 7")},
		{name: "silence", first: confused("7", 0x0201), then: iscsitest.Script{iscsitest.Silence()}, offers: []string{"8,7,6,5", ""},
			want: scene.Outcome{Stage: initiator.StageLogin, Code: isdsc.TransportError, Retry: true, Text: ": refused with SHA-256 (0x0201), and with MD5: no answer within 10s; the portal did answer the first try: try again later"}},
		{name: "redirected to a closed port", first: confused("7", 0x0201), then: scene.Sends("192.0.2.1:3261"), offers: []string{"8,7,6,5", ""},
			want: scene.Outcome{Stage: connect.Stage, Code: connect.Code, Retry: true, Text: "connect to 192.0.2.1:3260 (192.0.2.1:3261): login refused with SHA-256 (0x0201), and with MD5: connection refused"}},
		{name: "redirected to nowhere", first: confused("7", 0x0201), then: scene.Sends("127.0.0.1"), offers: []string{"8,7,6,5", ""},
			want: scene.Outcome{Stage: initiator.StageLogin, Code: isdsc.TargetMovedTemporarily, Text: ": refused with SHA-256 (0x0201), and with MD5: target moved temporarily (0x0101), redirected to"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
				r, took := discover(t, d, scene.OneWay(scene.Portal(n, scene.Where, tt.first, tt.then)))
				scene.Judge(t, r.Err, tt.want)
				if tt.offers == nil {
					tt.offers = []string{"8,7,6,5", "5"}
				}
				if diff := cmp.Diff(tt.offers, chapOffers(n, scene.Where)); diff != "" || took > d.Timeout || len(r.Warnings) > 0 {
					t.Errorf("took %s, warnings %v, offers (-want +got):\n%s", took, r.Warnings, diff)
				}
				var both *initiator.CHAPFallbackError
				if !errors.As(r.Err, &both) || both.First == nil || both.Second == nil || !slices.Equal(both.Offered, auth.DefaultAlgorithms()) {
					t.Fatalf("error %+v", both)
				}
				var login *pdu.LoginError
				var status pdu.Status
				if errors.As(r.Err, &login) {
					status = login.Status
				}
				if status != tt.status {
					t.Errorf("status %s, want %s", status, tt.status)
				}
			})
		})
	}
}

// TestFallbackCancelled: a caller who stops the second try hears of that, not of
// the failures.
func TestFallbackCancelled(t *testing.T) {
	t.Parallel()
	scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		_, err := d.Discover(ctx, scene.WithCHAP(scene.Portal(n, scene.Where, confused("7", 0x0201), iscsitest.Script{iscsitest.Silence()}), scene.CHAPUser, scene.CHAPSecret))
		var both *initiator.CHAPFallbackError
		if scene.Judge(t, err, scene.Outcome{Stage: initiator.StageLogin, Code: isdsc.Win32Cancelled}); !errors.Is(err, context.Canceled) || errors.As(err, &both) {
			t.Errorf("error %v", err)
		}
	})
}

// TestFallbackLater: a failure after the second try has logged in is that alone.
func TestFallbackLater(t *testing.T) {
	t.Parallel()
	scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
		then := scene.CHAPTarget("")
		then.Respond = func(request, _ pdu.PDU) iscsitest.Step {
			if _, ok := request.(*pdu.TextRequest); ok {
				return iscsitest.Close()
			}
			return nil
		}
		r, _ := discover(t, d, scene.OneWay(scene.Portal(n, scene.Where, confused("7", 0x0201), then)))
		scene.Judge(t, r.Err, lost(initiator.StageDiscover))
		var both *initiator.CHAPFallbackError
		if errors.As(r.Err, &both) || scene.Warned(r, initiator.WarnCHAPFallback) != 1 {
			t.Errorf("error %v, warnings %v", r.Err, r.Warnings)
		}
	})
}
