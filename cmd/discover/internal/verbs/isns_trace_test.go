package verbs

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/internal/need"
	"github.com/go-iscsi/discovery/pkg/initiator/isns"
	"github.com/go-iscsi/discovery/test/isnstest"
)

// clock is the time in a line of a trace.
var clock = regexp.MustCompile(`(?m)^\d\d:\d\d:\d\d\.\d{6}`)

// TestISNSTrace: a trace has a line for each message of the exchange with a server, whether
// it is one of the registry or not.
func TestISNSTrace(t *testing.T) {
	t.Parallel()
	const want = `TIME 192.0.2.254 > 192.0.2.5:3205: DevAttrQry transaction=1 source=iqn.2026-11.io.github.go-iscsi:host1.example.com key="iSCSI node type target" wanted=11 data=168
TIME 192.0.2.5:3205 > 192.0.2.254: DevAttrQryRsp transaction=1 status="success (0)" attributes=27 PDUs=3 data=552
`
	for _, verb := range []string{"query", "add", "refresh"} {
		l := newLab(t)
		l.isns(t, isnstest.Config{Database: storageDomain(), PDUSize: 256})
		discover := l.inRegistry(t)
		if verb == "refresh" {
			discover("isns", "add", "192.0.2.5")
		}
		r := discover("isns", verb, "--trace", "192.0.2.5")
		if r.status != exit.OK {
			t.Errorf("%s: got %+v", verb, r)
		}
		got := clock.ReplaceAllString(r.stderr, "TIME")
		if first := strings.Join(strings.SplitAfter(got, "\n")[:2], ""); first != want {
			t.Errorf("%s: the first messages: want -, got +:\n%s", verb, cmp.Diff(want, first))
		}
		if n := strings.Count(got, "\n"); n != 6 { // targets, targets that are initiators too, domains
			t.Errorf("%s: got %d lines\n%s", verb, n, got)
		}
	}

	l := newLab(t)
	l.isns(t, isnstest.Config{Database: isnstest.Targets("iqn.2026-11.com.example:disk1"), MustRegister: true, Spoil: func(q *isnstest.Request, r *isnstest.Reply) {
		if q.Function == isns.FuncDevAttrQry && len(r.Payload) > 100 {
			r.Payload[11] = 3 // the length of the first attribute
		}
	}})
	r := l.discover(t.Context(), "isns", "query", "--register", "--trace", "192.0.2.5")
	for _, part := range []string{
		`status="source unknown (6)" attributes=0 data=4` + "\n",
		`DevAttrReg transaction=2 source=iqn.2026-11.io.github.go-iscsi:host1.example.com key="entity identifier" attributes=`,
		" incomplete\n", "key=\"entity identifier\" data=",
	} {
		if !strings.Contains(r.stderr, part) {
			t.Errorf("got no %q in\n%s", part, r.stderr)
		}
	}
}

// TestISNSQueryCapture: the file of --capture has the exchange with a server, and Wireshark
// decodes each message of it.
func TestISNSQueryCapture(t *testing.T) {
	t.Parallel()
	tshark := need.Program(t, "tshark")
	for _, verb := range []string{"query", "add"} {
		l := newLab(t)
		l.isns(t, isnstest.Config{Database: storageDomain()})
		discover := l.inRegistry(t)
		if r := discover("isns", verb, "--capture", "f", "192.0.2.5"); r.status != exit.OK {
			t.Errorf("%s: got %+v", verb, r)
		}
		f := l.created["f"]
		if f == nil || !f.closed {
			t.Fatalf("%s: no file, or one that is not closed", verb)
		}
		path := filepath.Join(t.TempDir(), "isns.pcapng")
		if err := os.WriteFile(path, f.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		said, err := exec.Command(tshark, "-r", path, "-Y", "tcp.len > 0", "-T", "fields", "-e", "isns.functionid", "-e", "_ws.malformed", "-e", "_ws.expert.message").Output()
		if err != nil {
			t.Fatalf("tshark: %v", err)
		}
		if got, want := strings.Fields(string(said)), strings.Fields("2 32770 2 32770 2 32770"); !cmp.Equal(got, want) {
			t.Errorf("%s: Wireshark decodes %q, want %q", verb, got, want)
		}
	}
	l := newLab(t)
	if r := l.discover(t.Context(), "isns", "query", "--capture", "", "192.0.2.5"); r.status != exit.Usage {
		t.Errorf("got %+v", r)
	}
}
