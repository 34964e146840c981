package initiator_test

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-iscsi/discovery/internal/iscsitest"
	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/name"
	"github.com/go-iscsi/discovery/pkg/pdu"
)

// where is the portal of most scenarios.
const where = "192.0.2.1:3260"

const (
	chapUser, chapSecret     = "disc", "secret-secret12"
	targetUser, targetSecret = "tgtout", "outsecret-1234"
)

// scene runs a test in time of its own, with a network in memory and a
// Discoverer on it. No goroutine may be left at the end, or it panics.
func scene(t *testing.T, play func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		n := iscsitest.NewNetwork(t)
		d := newDiscoverer()
		d.Dial = n.Dial
		play(t, n, d)
	})
}

// portal puts handlers behind an address and returns how to ask it.
func portal(n *iscsitest.Network, addr string, handlers ...iscsitest.Handler) initiator.SendTargetPortal {
	return at(n.Portal(addr, handlers...))
}

// An outcome is what a scenario has to end with. The zero value is success.
type outcome struct {
	stage initiator.Stage
	code  uint32
	text  string // what the error says, among other things
	retry bool   // a later try may succeed
}

// judge holds an error against an outcome, and against the rules for all of
// them.
func judge(t testing.TB, err error, want outcome) {
	t.Helper()
	if want == (outcome{}) {
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
	if e.Stage != want.stage {
		t.Errorf("stage %s, want %s: %v", e.Stage, want.stage, err)
	}
	if got := initiator.Code(err); got != want.code {
		t.Errorf("code %s, want %s: %v", isdsc.Name(got), isdsc.Name(want.code), err)
	}
	if got := initiator.Retryable(err); got != want.retry {
		t.Errorf("retryable %t, want %t: %v", got, want.retry, err)
	}
	s := err.Error()
	if !strings.Contains(s, want.text) {
		t.Errorf("got  %s\nwant %s in it", s, want.text)
	}
	judgeLine(t, s)
	if !strings.HasPrefix(s, "initiator: ") {
		t.Errorf("the error does not say whose it is: %s", s)
	}
	for _, twice := range []string{": initiator: ", ": session: ", ": auth: ", ": pdu: "} {
		if strings.Contains(s, twice) {
			t.Errorf("the error names packages within: %s", s)
		}
	}
}

// judgeLine holds what a person reads against the rules for it.
func judgeLine(t testing.TB, s string) {
	t.Helper()
	for _, c := range []byte(strings.ReplaceAll(s, "…", "")) {
		if c < ' ' || c > '~' {
			t.Errorf("not fit to be shown: %q", s)
			break
		}
	}
	for _, leak := range []string{chapSecret, targetSecret} {
		if strings.Contains(s, leak) {
			t.Errorf("it tells a secret: %s", s)
		}
	}
}

// judgeResult holds the whole of a result against the rules for all of them.
func judgeResult(t testing.TB, r initiator.Result) {
	t.Helper()
	for _, w := range r.Warnings {
		if judgeLine(t, w.Message); w.Code == "" || w.Message == "" {
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

// warned counts the warnings of a kind.
func warned(r initiator.Result, code initiator.WarningCode) (n int) {
	for _, w := range r.Warnings {
		if w.Code == code {
			n++
		}
	}
	return n
}

// discover asks one portal and tells how long that took.
func discover(t testing.TB, d *initiator.Discoverer, p initiator.SendTargetPortal) (initiator.Result, time.Duration) {
	t.Helper()
	start := time.Now()
	r, err := d.Discover(t.Context(), p)
	if !errors.Is(err, r.Err) {
		t.Errorf("error %v, result has %v", err, r.Err)
	}
	judgeResult(t, r)
	return r, time.Since(start)
}

// full is a target and a way to log in to it that together need every kind of
// PDU: mutual CHAP, digests, a list in three parts, a NOP-In before each.
func full() *iscsitest.Target {
	return &iscsitest.Target{
		User: chapUser, Secret: chapSecret, MutualUser: targetUser, MutualSecret: targetSecret,
		HeaderDigest: true, DataDigest: true, MaxText: 64, Split: iscsitest.SplitAnywhere,
		Records: []iscsitest.Record{
			{Name: "iqn.2026-11.com.example:disk1", Addresses: []string{"192.0.2.10:3260,1"}},
			{Name: "iqn.2026-11.com.example:disk2", Addresses: []string{"192.0.2.10:3260,1", "[2001:db8::1]:3260,2"}},
		},
	}
}

func withAll(p initiator.SendTargetPortal) initiator.SendTargetPortal {
	p = withMutualCHAP(withCHAP(p, chapUser, chapSecret), targetUser, targetSecret)
	p.Login.Specified |= initiator.SpecifiedHeaderDigest | initiator.SpecifiedDataDigest
	p.Login.HeaderDigest, p.Login.DataDigest = initiator.DigestCRC32C, initiator.DigestPreferCRC32C
	return p
}

// responses of full, in order: the stage of the discovery that each belongs to.
var fullResponses = []initiator.Stage{
	initiator.StageLogin,    // AuthMethod
	initiator.StageLogin,    // challenge
	initiator.StageLogin,    // proof
	initiator.StageLogin,    // operational keys
	initiator.StageDiscover, // a part
	initiator.StageDiscover, // another
	initiator.StageDiscover, // the last
	initiator.StageLogout,
}

// instead takes a step in the place of the target's response number at, from 0.
func instead(target *iscsitest.Target, at int, step iscsitest.Step) *iscsitest.Target {
	n := 0
	target.Respond = func(_, _ pdu.PDU) iscsitest.Step {
		if n++; n == at+1 {
			return step
		}
		return nil
	}
	return target
}

// TestFull: where nothing goes wrong, the target and the way of these scenarios
// make a discovery.
func TestFull(t *testing.T) {
	t.Parallel()
	scene(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
		target, responses := full(), 0
		target.NOPIn = true
		target.Respond = func(_, _ pdu.PDU) iscsitest.Step { responses++; return nil }
		r, took := discover(t, d, withAll(portal(n, where, target)))
		judge(t, r.Err, outcome{})
		if len(r.Targets) != 2 || r.TargetsFound != 2 || !r.Auth.Mutual || r.Auth.Algorithm != auth.SHA3_256 || took != 0 || len(r.Warnings) != 0 {
			t.Errorf("after %s: %+v", took, r)
		}
		if responses != len(fullResponses) {
			t.Errorf("%d responses, want %d", responses, len(fullResponses))
		}
	})
}

// named is a portal of a name, and lookup finds addresses of it.
var named = initiator.SendTargetPortal{Portal: initiator.Portal{Address: "array.example", Port: 3260}}

func lookup(addrs ...string) func(context.Context, string) ([]netip.Addr, error) {
	return func(context.Context, string) (found []netip.Addr, err error) {
		for _, a := range addrs {
			found = append(found, netip.MustParseAddr(a))
		}
		return found, nil
	}
}
