package scene

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/name"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// Where is the portal of most scenarios.
const Where = "192.0.2.1:3260"

const (
	CHAPUser, CHAPSecret     = "disc", "secret-secret12"
	TargetUser, TargetSecret = "tgtout", "outsecret-1234"
)

// Play runs a test in time of its own, with a network in memory and a
// Discoverer on it. No goroutine may be left at the end, or it panics.
func Play(t *testing.T, play func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer)) {
	t.Helper()
	if os.Getenv("DISCOVER_TEST_SUSPEND") != "" {
		t.Skip("in the process of TestSuspended: with a Dial of the Discoverer no attempt is suspended")
	}
	synctest.Test(t, func(t *testing.T) {
		n := iscsitest.NewNetwork(t)
		d := NewDiscoverer()
		d.Dial = n.Dial
		play(t, n, d)
	})
}

// Portal puts handlers behind an address and returns how to ask it.
func Portal(n *iscsitest.Network, addr string, handlers ...iscsitest.Handler) initiator.SendTargetPortal {
	return At(n.Portal(addr, handlers...))
}

// An outcome is what a scenario has to end with. The zero value is success.
type Outcome struct {
	Stage initiator.Stage
	Code  uint32
	Text  string // what the error says, among other things
	Retry bool   // a later try may succeed
}

// Judge holds an error against an outcome, and against the rules for all of
// them.
func Judge(t testing.TB, err error, want Outcome) {
	t.Helper()
	if want == (Outcome{}) {
		if err != nil {
			t.Errorf("got %v, want success", err)
		}
		return
	}
	var e *initiator.Error
	if !errors.As(err, &e) {
		t.Errorf("got %T %v, want an *Error", err, err)
		return
	}
	if e.Stage != want.Stage {
		t.Errorf("stage %s, want %s: %v", e.Stage, want.Stage, err)
	}
	if got := initiator.Code(err); got != want.Code {
		t.Errorf("code %s, want %s: %v", isdsc.Name(got), isdsc.Name(want.Code), err)
	}
	if got := initiator.Retryable(err); got != want.Retry {
		t.Errorf("retryable %t, want %t: %v", got, want.Retry, err)
	}
	s := err.Error()
	if !strings.Contains(s, want.Text) {
		t.Errorf("got  %s\nwant %s in it", s, want.Text)
	}
	JudgeLine(t, s)
	for _, own := range []string{": initiator: ", ": session: ", ": auth: ", ": ipsec: ", ": pdu: "} {
		if strings.Contains(": "+s, own) {
			t.Errorf("the error names a package: %s", s)
		}
	}
}

// JudgeLine holds what a person reads against the rules for it.
func JudgeLine(t testing.TB, s string) {
	t.Helper()
	for _, c := range []byte(strings.ReplaceAll(s, "…", "")) {
		if c < ' ' || c > '~' {
			t.Errorf("not fit to be shown: %q", s)
			break
		}
	}
	for _, leak := range []string{CHAPSecret, TargetSecret} {
		if strings.Contains(s, leak) {
			t.Errorf("it tells a secret: %s", s)
		}
	}
}

// JudgeResult holds the whole of a result against the rules for all of them.
func JudgeResult(t testing.TB, r initiator.Result) {
	t.Helper()
	for _, w := range r.Warnings {
		if JudgeLine(t, w.Message); w.Code == "" || w.Message == "" {
			t.Errorf("warning %+v", w)
		}
	}
	for _, target := range r.Targets {
		if _, err := name.CheckName(target.Name); err != nil {
			t.Errorf("target %q: %v", target.Name, err)
		}
		if len(target.Addresses) == 0 {
			t.Errorf("target %q has no address", target.Name)
		}
	}
	if r.Err == nil && !r.Address.IsValid() {
		t.Errorf("success nowhere: %+v", r)
	}
}

// Warned counts the warnings of a kind.
func Warned(r initiator.Result, code initiator.WarningCode) (n int) {
	for _, w := range r.Warnings {
		if w.Code == code {
			n++
		}
	}
	return n
}

func Lookup(addrs ...string) func(context.Context, string) ([]netip.Addr, error) {
	return func(context.Context, string) (found []netip.Addr, err error) {
		for _, a := range addrs {
			found = append(found, netip.MustParseAddr(a))
		}
		return found, nil
	}
}
