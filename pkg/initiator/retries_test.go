package initiator_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/login"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/pdu"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// backOff returns the least and the most that n back-offs take.
func backOff(n int) (least, most time.Duration) {
	for i := range n {
		d := min(250*time.Millisecond<<i, 2*time.Second)
		least, most = least+d, most+min(d+d/2, 2*time.Second)
	}
	return least, most
}

// hangsUp is a target that closes once it has read a Login Request.
func hangsUp() iscsitest.Script {
	return iscsitest.Script{iscsitest.Check(func(*pdu.LoginRequest) error { return nil }), iscsitest.Close()}
}

// TestRetries: what may pass is tried again, as often as is allowed; what does not
// is not.
func TestRetries(t *testing.T) {
	t.Parallel()
	good := &iscsitest.Target{Records: scene.Records(scene.Disk1)}
	busy := &iscsitest.Target{Status: pdu.StatusServiceUnavailable}
	refuses := func(s pdu.Status) *iscsitest.Target { return &iscsitest.Target{Status: s} }
	closes := hangsUp()
	rubbish := append(hangsUp()[:1], iscsitest.SendRaw([]byte(strings.Repeat("x", 48))))
	atLogin := func(code uint32, retry bool, text string) scene.Outcome {
		return scene.Outcome{Stage: initiator.StageLogin, Code: code, Retry: retry, Text: text}
	}
	unavailable := func(text string) scene.Outcome { return atLogin(isdsc.ServiceUnavailable, true, text) }
	tests := []struct {
		name     string
		retries  int
		handlers []iscsitest.Handler
		tries    int
		want     scene.Outcome
	}{
		{name: "nothing wrong", retries: 3, handlers: []iscsitest.Handler{good}, tries: 1},
		{name: "none allowed", handlers: []iscsitest.Handler{busy, good}, tries: 1, want: unavailable("service unavailable (0x0301); try again later")},
		{name: "fewer than none", retries: -1, handlers: []iscsitest.Handler{busy, good}, tries: 1, want: unavailable("")},
		{name: "unavailable once", retries: 1, handlers: []iscsitest.Handler{busy, good}, tries: 2},
		{name: "unavailable twice", retries: 2, handlers: []iscsitest.Handler{busy, busy, good}, tries: 3},
		{name: "unavailable too often", retries: 2, handlers: []iscsitest.Handler{busy}, tries: 3, want: unavailable("service unavailable (0x0301), after 3 tries; try again later")},
		{name: "no more than ten", retries: 50, handlers: []iscsitest.Handler{busy}, tries: 11, want: unavailable(", after 11 tries")},
		{name: "closed once", retries: 1, handlers: []iscsitest.Handler{closes, good}, tries: 2},
		{name: "reset once in the middle of a PDU", retries: 1, handlers: []iscsitest.Handler{iscsitest.CutAfter(60, good), good}, tries: 2},
		{name: "authentication", retries: 10, handlers: []iscsitest.Handler{refuses(pdu.StatusAuthFailure), good}, tries: 1, want: atLogin(isdsc.AuthenticationFailure, false, "authentication failure (0x0201);")},
		{name: "authorization", retries: 10, handlers: []iscsitest.Handler{refuses(pdu.StatusAuthorizationFailed), good}, tries: 1, want: atLogin(isdsc.AuthorizationFailure, false, "")},
		{name: "not found", retries: 10, handlers: []iscsitest.Handler{refuses(pdu.StatusNotFound), good}, tries: 1, want: atLogin(isdsc.NotFound, false, "")},
		{name: "sent nowhere", retries: 10, handlers: []iscsitest.Handler{refuses(pdu.StatusMovedTemporarily), good}, tries: 1, want: atLogin(isdsc.TargetMovedTemporarily, false, "")},
		{name: "rubbish", retries: 10, handlers: []iscsitest.Handler{rubbish, good}, tries: 1, want: atLogin(isdsc.LoginFailed, false, "")},
		{name: "unavailable, then refused", retries: 10, handlers: []iscsitest.Handler{busy, refuses(pdu.StatusAuthFailure), good}, tries: 2, want: atLogin(isdsc.AuthenticationFailure, false, "authentication failure (0x0201), after 2 tries;")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
				d.Retries, d.Timeout = tt.retries, time.Minute
				r, took := discover(t, d, scene.Portal(n, scene.Where, tt.handlers...))
				scene.Judge(t, r.Err, tt.want)
				if len(n.Dials()) != tt.tries {
					t.Errorf("%d tries, want %d", len(n.Dials()), tt.tries)
				}
				if least, most := backOff(tt.tries - 1); took < least || took > most || r.Elapsed != took {
					t.Errorf("it took %s, and the result says %s; want %s to %s", took, r.Elapsed, least, most)
				}
				judgeTries(t, r, tt.tries)
			})
		})
	}
}

// judgeTries holds what a result says of its tries against how many there were.
func judgeTries(t *testing.T, r initiator.Result, tries int) {
	t.Helper()
	want := 0
	if r.Err == nil && tries > 1 {
		want = 1
	}
	if scene.Warned(r, initiator.WarnRetried) != want || len(r.Warnings) != want {
		t.Errorf("warnings %v, want %d", r.Warnings, want)
	}
	var e *initiator.Error
	if errors.As(r.Err, &e) && e.Tries != tries && (tries > 1 || e.Tries != 0) {
		t.Errorf("the error says %d tries, want %d", e.Tries, tries)
	}
	if r.Err == nil && len(r.Targets) != 1 {
		t.Errorf("targets %v, want one", r.Targets)
	}
}

// TestRetriesSay: the warning says what failed first, and how often.
func TestRetriesSay(t *testing.T) {
	t.Parallel()
	scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
		d.Retries = 2
		r, _ := discover(t, d, scene.Portal(n, scene.Where, &iscsitest.Target{Status: pdu.StatusServiceUnavailable}, hangsUp(), &iscsitest.Target{}))
		want := []initiator.Warning{{
			Code:    initiator.WarnRetried,
			Message: "2 tries failed before this one; the first try failed with: login to 192.0.2.1:3260 from 192.0.2.254: target refused: service unavailable (0x0301)",
		}}
		if diff := cmp.Diff(want, r.Warnings); r.Err != nil || diff != "" {
			t.Errorf("error %v; warnings (-want +got):\n%s", r.Err, diff)
		}
	})
}

// TestRetriesConnect: connections that are not made, and name servers that do not
// answer, may be there the next time; a name that does not exist may not.
func TestRetriesConnect(t *testing.T) {
	t.Parallel()
	refused := &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	tests := []struct {
		name  string
		err   error // of the first
		dns   bool
		tries int
		want  scene.Outcome
	}{
		{name: "refused", err: refused, tries: 2},
		{name: "no route", err: &net.OpError{Op: "dial", Net: "tcp", Err: syscall.EHOSTUNREACH}, tries: 2},
		{name: "name server silent", dns: true, err: &net.DNSError{Err: "i/o timeout", IsTimeout: true}, tries: 2},
		{name: "no such host", dns: true, err: &net.DNSError{Err: "no such host", IsNotFound: true}, tries: 1, want: scene.Outcome{Stage: initiator.StageResolve, Code: isdsc.DNSNameUnresolved}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
				d.Retries = 1
				tries := 0
				d.Lookup = func(ctx context.Context, host string) ([]netip.Addr, error) {
					if tt.dns {
						if tries++; tries == 1 {
							return nil, tt.err
						}
					}
					return scene.Lookup("192.0.2.1")(ctx, host)
				}
				d.Dial = func(ctx context.Context, src netip.Addr, dst netip.AddrPort) (net.Conn, error) {
					if !tt.dns {
						if tries++; tries == 1 {
							return nil, tt.err
						}
					}
					return n.Dial(ctx, src, dst)
				}
				n.Portal(scene.Where, &iscsitest.Target{Records: scene.Records(scene.Disk1)})
				r, _ := discover(t, d, named)
				scene.Judge(t, r.Err, tt.want)
				if tries != tt.tries {
					t.Errorf("%d tries, want %d", tries, tt.tries)
				}
				judgeTries(t, r, tt.tries)
			})
		})
	}
}

// TestRetriesAddresses: a further try asks all addresses of a name from the start,
// and no try is made where one of them refused.
func TestRetriesAddresses(t *testing.T) {
	t.Parallel()
	busy := &iscsitest.Target{Status: pdu.StatusServiceUnavailable}
	refuses := &iscsitest.Target{Status: pdu.StatusAuthFailure}
	good := &iscsitest.Target{Records: scene.Records(scene.Disk1)}
	tests := []struct {
		name          string
		first, second []iscsitest.Handler // nil: connections are refused
		dials         string              // last digits of the addresses
		want          scene.Outcome
	}{
		{name: "the second the second time", first: []iscsitest.Handler{busy}, second: []iscsitest.Handler{busy, good}, dials: "1212"},
		{name: "the first the second time", first: []iscsitest.Handler{busy, good}, dials: "121"},
		{name: "the first refused", first: []iscsitest.Handler{refuses, good}, second: []iscsitest.Handler{busy, good}, dials: "12", want: scene.Outcome{Stage: initiator.StageLogin, Code: isdsc.ServiceUnavailable, Retry: true}},
		{name: "the second refused", first: []iscsitest.Handler{busy, good}, second: []iscsitest.Handler{refuses, good}, dials: "12", want: scene.Outcome{Stage: initiator.StageLogin, Code: isdsc.AuthenticationFailure}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
				d.Retries, d.Lookup = 1, scene.Lookup("192.0.2.1", "192.0.2.2")
				n.Portal("192.0.2.1:3260", tt.first...)
				if tt.second != nil {
					n.Portal("192.0.2.2:3260", tt.second...)
				}
				r, _ := discover(t, d, named)
				scene.Judge(t, r.Err, tt.want)
				dials := ""
				for _, dial := range n.Dials() {
					s := dial.Portal.Addr().String()
					dials += s[len(s)-1:]
				}
				if dials != tt.dials {
					t.Errorf("dialed %s, want %s", dials, tt.dials)
				}
				// Of the failed try nothing is left but what it failed with.
				if r.Err == nil && (scene.Warned(r, initiator.WarnRetried) != 1 || scene.Warned(r, initiator.WarnEarlierAddress) != strings.Count(tt.dials, "2")-1) {
					t.Errorf("warnings %v", r.Warnings)
				}
			})
		})
	}
}

// TestRetriesTime: tries and the waits between them stay within the portal's time.
func TestRetriesTime(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		timeout time.Duration
		handler iscsitest.Handler // nil: it hangs
		tries   int               // at least
		want    scene.Outcome
	}{
		{name: "a silent portal has used it up", timeout: 5 * time.Second, tries: 1, want: scene.Outcome{Stage: initiator.StageConnect, Code: isdsc.ConnectionFailed, Retry: true, Text: "no answer within 5s; "}},
		{name: "no time for a try", timeout: 99 * time.Millisecond, handler: &iscsitest.Target{Status: pdu.StatusServiceUnavailable}, tries: 1, want: scene.Outcome{Stage: initiator.StageLogin, Code: isdsc.ServiceUnavailable, Retry: true}},
		{name: "waits use it up", timeout: 400 * time.Millisecond, handler: &iscsitest.Target{Status: pdu.StatusServiceUnavailable}, tries: 4, want: scene.Outcome{Stage: initiator.StageLogin, Code: isdsc.ServiceUnavailable, Retry: true}},
		{name: "a slow target", timeout: 2 * time.Second, handler: iscsitest.Slow(30*time.Millisecond, &iscsitest.Target{Status: pdu.StatusServiceUnavailable}), tries: 2, want: scene.Outcome{Stage: initiator.StageLogin, Code: isdsc.TransportError, Retry: true, Text: ", after 2 tries"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
				d.Retries, d.Timeout = 10, tt.timeout
				p := scene.Portal(n, scene.Where)
				if tt.handler != nil {
					p = scene.Portal(n, scene.Where, tt.handler)
				}
				r, took := discover(t, d, p)
				scene.Judge(t, r.Err, tt.want)
				if took > tt.timeout || r.Elapsed != took || len(n.Dials()) != tt.tries {
					t.Errorf("%d tries in %s, want %d in %s", len(n.Dials()), took, tt.tries, tt.timeout)
				}
			})
		})
	}
}

// TestRetriesCancelled: a caller that gives up while a try is waited for hears of
// that at once, and so do consumers that leave.
func TestRetriesCancelled(t *testing.T) {
	t.Parallel()
	for _, parallel := range []int{1, 4} {
		scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
			d.Retries, d.Parallel = 10, parallel
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(100*time.Millisecond, cancel)
			start := time.Now()
			p := scene.Portal(n, scene.Where, &iscsitest.Target{Status: pdu.StatusServiceUnavailable})
			done := 0
			for e := range d.Run(ctx, slices.Values([]initiator.SendTargetPortal{p})) {
				done++
				err := e.(initiator.PortalDone).Result.Err
				scene.Judge(t, err, scene.Outcome{Stage: initiator.StageLogin, Code: isdsc.Win32Cancelled, Text: "login to 192.0.2.1:3260 from 192.0.2.254: context canceled"})
				if !errors.Is(err, context.Canceled) {
					t.Errorf("error %v", err)
				}
			}
			if took := time.Since(start); took != 100*time.Millisecond || done != 1 || len(n.Dials()) != 1 {
				t.Errorf("%d results after %s, dials %v", done, took, n.Dials())
			}
		})
	}
	scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
		d.Retries, d.Parallel = 10, 4
		start := time.Now()
		good := scene.Portal(n, "192.0.2.2:3260", &iscsitest.Target{})
		busy := scene.Portal(n, scene.Where, &iscsitest.Target{Status: pdu.StatusServiceUnavailable})
		for range d.Run(t.Context(), slices.Values([]initiator.SendTargetPortal{busy, good})) {
			break
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("leaving took %s", took)
		}
	})
}

// TestRetriesOnce: wherever a session is cut, a target is handed on once: the
// Portal is asked again only where none was.
func TestRetriesOnce(t *testing.T) {
	t.Parallel()
	retried, failed := 0, 0
	for cut := 1; ; cut += 7 {
		whole := false
		scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
			d.Retries = 1
			p := withAll(scene.Portal(n, scene.Where, iscsitest.CutAfter(cut, full()), full()))
			var names []string
			var result initiator.Result
			for e := range d.Run(t.Context(), slices.Values([]initiator.SendTargetPortal{p})) {
				switch e := e.(type) {
				case initiator.TargetFound:
					names = append(names, e.Target.Name)
				case initiator.PortalDone:
					result = e.Result
				}
			}
			scene.JudgeResult(t, result)
			if result.TargetsFound != len(names) {
				t.Errorf("cut at %d: %d targets, and the result says %d", cut, len(names), result.TargetsFound)
			}
			switch {
			case result.Err == nil:
				if diff := cmp.Diff([]string{scene.Disk1, scene.Disk2}, names); diff != "" {
					t.Errorf("cut at %d: targets (-want +got):\n%s", cut, diff)
				}
				if whole = len(n.Dials()) == 1; !whole {
					retried++
				}
			case len(names) == 0 || len(n.Dials()) != 1:
				t.Errorf("cut at %d: %d dials, targets %v, error %v", cut, len(n.Dials()), names, result.Err)
			default:
				failed++
			}
		})
		if whole {
			break
		}
	}
	if retried == 0 || failed == 0 {
		t.Errorf("%d were retried, and %d failed after a target: some of both are wanted", retried, failed)
	}
}

// TestRetriesForget: a result has nothing of the try before.
func TestRetriesForget(t *testing.T) {
	t.Parallel()
	scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
		d.Retries = 1
		moved := &iscsitest.Target{Redirect: "192.0.2.2:3260", Status: pdu.StatusMovedPermanently}
		p := scene.WithCHAP(scene.Portal(n, scene.Where, moved, &iscsitest.Target{Records: scene.Records(scene.Disk1)}), scene.CHAPUser, scene.CHAPSecret)
		n.Portal("192.0.2.2:3260", &iscsitest.Target{Status: pdu.StatusServiceUnavailable})
		p.Login.AuthType = login.NoAuth
		r, _ := discover(t, d, p)
		scene.Judge(t, r.Err, scene.Outcome{})
		if len(r.Redirects) != 0 || r.Address != netip.MustParseAddrPort(scene.Where) {
			t.Errorf("at %s after hops %v", r.Address, r.Redirects)
		}
		judgeTries(t, r, 2)
	})
}

// TestRetriesFallback: a target that refused a response of CHAP is not asked again,
// whatever became of the try with MD5 alone.
func TestRetriesFallback(t *testing.T) {
	t.Parallel()
	for _, status := range []pdu.Status{pdu.StatusAuthFailure, pdu.StatusInitiatorError} {
		scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
			d.Retries = 5
			p := scene.Portal(n, scene.Where, confused("7", status), &iscsitest.Target{Status: pdu.StatusServiceUnavailable})
			r, took := discover(t, d, scene.WithCHAP(p, scene.CHAPUser, scene.CHAPSecret))
			if r.Err == nil || len(n.Dials()) != 2 || took != 0 {
				t.Errorf("%s: error %v, dials %v", status, r.Err, n.Dials())
			}
		})
	}
}

// TestRetriesResolve: a further try looks the name up anew, within what is left of
// the portal's time, and its error has no address of the try before.
func TestRetriesResolve(t *testing.T) {
	t.Parallel()
	scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
		d.Retries = 1
		lookups := 0
		d.Lookup = func(ctx context.Context, host string) ([]netip.Addr, error) {
			if lookups++; lookups == 1 {
				return scene.Lookup("192.0.2.1")(ctx, host)
			}
			<-ctx.Done()
			return nil, ctx.Err()
		}
		n.Portal(scene.Where, append(hangsUp()[:1], iscsitest.Delay(6*time.Second), iscsitest.Close()))
		r, took := discover(t, d, named)
		scene.Judge(t, r.Err, scene.Outcome{Stage: initiator.StageResolve, Code: isdsc.DNSNameUnresolved, Retry: true, Text: "resolve array.example:3260: no answer within "})
		if lookups != 2 || took != d.Timeout || r.Address.IsValid() || r.Source.IsValid() || strings.Contains(r.Err.Error(), "192.0.2") {
			t.Errorf("%d lookups in %s; at %s from %s: %v", lookups, took, r.Address, r.Source, r.Err)
		}
	})
}

// TestRetriesReflected: a challenge of ours from an earlier try is not answered.
func TestRetriesReflected(t *testing.T) {
	t.Parallel()
	scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
		d.Retries = 1
		var challenge string
		first := append(overhears(func(c string) { challenge = c }), iscsitest.Close())
		p := scene.Portal(n, scene.Where, first, challenges(func() string { return challenge }))
		p = scene.WithMutualCHAP(scene.WithCHAP(p, scene.CHAPUser, scene.CHAPSecret), scene.TargetUser, scene.TargetSecret)
		p.Login.NoCHAPFallback = true
		r, _ := discover(t, d, p)
		if scene.Judge(t, r.Err, reflected); len(n.Dials()) != 2 {
			t.Errorf("dials %v", n.Dials())
		}
	})
}

// TestRetriesPlan: what exists of IPsec is looked up anew before each try, and a
// try that would be less protected than one before it is not made.
func TestRetriesPlan(t *testing.T) {
	t.Parallel()
	rule := func(f ipsec.Flags) ipsec.Existing {
		return ipsec.Existing{Kind: ipsec.ExistingRule, Name: "policy", Flags: f}
	}
	tests := []struct {
		name        string
		first, then ipsec.Existing
		tries       int
		code        uint32
	}{
		{name: "as before", first: rule(0x37), then: rule(0x37), tries: 2},
		{name: "stronger", first: rule(0x27), then: rule(0x37), tries: 2},
		{name: "from clear text", then: rule(0x27), tries: 2},
		{name: "to clear text", first: rule(0x27), tries: 1, code: isdsc.FailedToConfigureIPsec},
		{name: "without PFS", first: rule(0x37), then: rule(0x27), tries: 1, code: isdsc.FailedToConfigureIPsec},
		{name: "aggressive", first: rule(0x27), then: rule(0x2b), tries: 1, code: isdsc.FailedToConfigureIPsec},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
				e := &scene.FakeEnforcer{Found: tt.first, Aggressive: true, Network: n}
				d.Enforcer, d.PSK, d.Retries = e, scene.GroupKey, 3
				d.Selector = &ports.Selector{
					Instances: []string{"host"},
					Ports:     []ports.Port{{Instance: "host", Address: netip.MustParseAddr("192.0.2.254"), State: ports.Up}},
					Route: func(context.Context, netip.Addr, netip.Addr) (netip.Addr, error) {
						return netip.MustParseAddr("192.0.2.254"), nil
					},
				}
				busy := &iscsitest.Target{Status: pdu.StatusServiceUnavailable, Respond: func(_, _ pdu.PDU) iscsitest.Step {
					e.Found = tt.then
					return nil
				}}
				r, _ := discover(t, d, scene.Portal(n, scene.Where, busy, &iscsitest.Target{Records: scene.Records(scene.Disk1)}))
				scene.WantCode(t, r.Err, tt.code)
				if len(n.Dials()) != tt.tries {
					t.Errorf("%d connections, want %d", len(n.Dials()), tt.tries)
				}
				var failed *initiator.Error
				if errors.As(r.Err, &failed) && (failed.Stage != initiator.StageSecure || !strings.Contains(failed.Error(), "less protection than an earlier one")) {
					t.Errorf("error %v", failed)
				}
			})
		})
	}
}

// TestRetriesSweep: many portals at once, each with tries of its own; results that
// are collected count once.
func TestRetriesSweep(t *testing.T) {
	t.Parallel()
	scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
		d.Retries, d.Parallel = 2, 4
		var portals []initiator.SendTargetPortal
		for i := range 40 {
			addr := netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(1 + i)}), 3260)
			handlers := []iscsitest.Handler{&iscsitest.Target{Status: pdu.StatusOutOfResources}, hangsUp(), &iscsitest.Target{Records: scene.Records(scene.Disk1)}}
			portals = append(portals, scene.Portal(n, addr.String(), handlers[i%3:]...))
		}
		start, results := time.Now(), 0
		for r := range d.DiscoverAll(t.Context(), slices.Values(portals)) {
			scene.Judge(t, r.Err, scene.Outcome{})
			judgeTries(t, r, 3-results%3)
			results++
		}
		_, most := backOff(2)
		if took := time.Since(start); results != len(portals) || took > 10*most {
			t.Errorf("%d results in %s, want %d in %s", results, took, len(portals), 10*most)
		}
	})
}

// TestRetryableError: an error that counts its tries is as it was otherwise.
func TestRetryableError(t *testing.T) {
	t.Parallel()
	e := &initiator.Error{Stage: initiator.StageDiscover, Portal: named.Portal, Err: io.EOF, Hint: "look", Tries: 4}
	if got, want := e.Error(), "discovery at array.example:3260: the target closed the connection, after 4 tries; look"; got != want || !initiator.Retryable(e) {
		t.Errorf("got %q, want %q", got, want)
	}
}
