package auto

import (
	"context"
	"errors"
	"io/fs"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
	"github.com/go-iscsi/discovery/pkg/ipsec/strongswan"
	"github.com/go-iscsi/discovery/pkg/ipsec/xfrm"
)

// A fake is an enforcer that answers what a test wants.
type fake struct {
	name  string
	err   error
	asked int
}

func (f *fake) Means() ipsec.Means { return ipsec.Means{Enforcer: f.name, Can: 0x7e} }

func (f *fake) Existing(context.Context, netip.Addr, netip.AddrPort) (ipsec.Existing, error) {
	return ipsec.Existing{Kind: ipsec.ExistingPartial, Name: f.name}, nil
}

func (f *fake) Dialer(context.Context, enforce.Request) (enforce.Dialer, error) {
	f.asked++
	if f.err != nil {
		return nil, f.err
	}
	return dialer{name: f.name}, nil
}

// An announcer is a fake that says beforehand what it would do.
type announcer struct{ fake }

func (a *announcer) Announce(context.Context, enforce.Request) (string, error) {
	a.asked++
	if a.err != nil {
		return "", a.err
	}
	return a.name, nil
}

// A dialer says which fake made it.
type dialer struct {
	enforce.Dialer
	name string
}

// request returns a connection under flags.
func request(t *testing.T, f ipsec.Flags) enforce.Request {
	t.Helper()
	plan, err := ipsec.Settings{Flags: f}.Resolve()
	if err != nil {
		t.Fatal(err)
	}
	return enforce.Request{
		Plan: plan, Source: netip.MustParseAddr("192.0.2.1"), Portal: netip.MustParseAddrPort("192.0.2.10:3260"),
		PSK: enforce.PSK{Secret: auth.NewSecret([]byte("key"))},
	}
}

func configure(err error) error { return &ipsec.ConfigureError{Reason: err.Error(), Err: err} }

// TestChoice (issue 18): another enforcer comes in the place of charon only where charon or
// a hold cannot be had, or the kernel has no ESP; never where the peer was asked and
// something else failed.
func TestChoice(t *testing.T) {
	t.Parallel()
	absent := &strongswan.DaemonError{Socket: "/s", Err: fs.ErrNotExist}
	denied := &strongswan.DaemonError{Socket: "/s", Err: fs.ErrPermission}
	hung := &strongswan.DaemonError{Socket: "/s", Err: &strongswan.NoAnswerError{}}
	hold := &xfrm.HoldError{Err: fs.ErrPermission}
	noESP := &strongswan.NoESPError{}
	key := &enforce.NegotiationError{Peer: "192.0.2.10", Cause: enforce.OtherKey, Reason: enforce.OtherKey.String(), Err: &enforce.KeyError{}}
	silent := &enforce.NegotiationError{Peer: "192.0.2.10", Reason: hung.Error(), Err: hung}
	kernel := &enforce.NegotiationError{Peer: "192.0.2.10", Reason: noESP.Error(), Err: errors.Join(noESP, context.Canceled)}
	left := errors.Join(kernel, &strongswan.LeftoverError{Name: "x", Err: context.Canceled})
	for _, tt := range []struct {
		name    string
		inPlace bool
		err     error // of the daemon
		want    string
		why     string // not the daemon; empty: it is chosen
	}{
		{name: "charon", want: "strongswan"},
		{name: "in place", inPlace: true, err: absent, want: "xfrm"},
		{name: "no charon", err: &ipsec.NoEnforcerError{Err: absent}, want: "userspace", why: "charon is not running: nothing listens on /s"},
		{name: "charon is not permitted", err: configure(denied), want: "userspace", why: "no permission to connect to charon on /s"},
		{name: "charon hangs", err: configure(hung), want: "userspace", why: "charon on /s: no answer within 0s (it may hang)"},
		{name: "no hold", err: configure(hold), want: "userspace", why: "no socket can be bound to security associations: permission denied; this needs CAP_NET_ADMIN"},
		{name: "not this system", err: &ipsec.NoEnforcerError{}, want: "userspace", why: "there is none"},
		{name: "no ESP in the kernel", err: configure(kernel), want: "userspace", why: "IKE succeeded, but the kernel has no ESP to use the keys with"},
		{name: "no ESP, and something is left", err: configure(left)},
		{name: "a wrong key", err: configure(key)},
		{name: "charon hangs in a negotiation", err: configure(silent)},
		{name: "a connection of the host", err: configure(&strongswan.ConflictError{Connection: "x", Peer: "192.0.2.10"})},
		{name: "aggressive mode is not allowed", err: &ipsec.UnsupportedError{Enforcer: "strongswan", Reason: "not here"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var told []Choice
			own := &fake{name: "userspace"}
			e := &Enforcer{Kernel: &fake{name: "xfrm"}, Daemon: &fake{name: "strongswan", err: tt.err}, Own: own, Chosen: func(c Choice) { told = append(told, c) }}
			s := request(t, 0x27)
			if tt.inPlace {
				s.Plan.Existing.Kind = ipsec.ExistingProtection
			}
			d, err := e.Dialer(t.Context(), s)
			if tt.want == "" {
				if !errors.Is(err, tt.err) || own.asked > 0 {
					t.Fatalf("got %v, and the other was asked %d times; want %v, 0", err, own.asked, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := d.(dialer).name; got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			want := Choice{Source: s.Source, Portal: s.Portal, Enforcer: tt.want}
			why := ""
			if len(told) == 1 && told[0].Why != nil {
				why, told[0].Why, want.Before = told[0].Why.Error(), nil, "strongswan"
			}
			if diff := cmp.Diff([]Choice{want}, told, cmp.Comparer(func(a, b netip.Addr) bool { return a == b }), cmp.Comparer(func(a, b netip.AddrPort) bool { return a == b })); diff != "" || why != tt.why {
				t.Errorf("told (-want +got):\n%s\nwhy: got %q, want %q", diff, why, tt.why)
			}
		})
	}
}

// TestNoESPOnce (issue 18): a kernel that has no ESP is found out once.
func TestNoESPOnce(t *testing.T) {
	t.Parallel()
	daemon := &fake{name: "strongswan", err: configure(&strongswan.NoESPError{})}
	e := &Enforcer{Daemon: daemon, Own: &fake{name: "userspace"}}
	for range 3 {
		if _, err := e.Dialer(t.Context(), request(t, 0x27)); err != nil {
			t.Fatal(err)
		}
	}
	if name, err := e.Announce(t.Context(), request(t, 0x27)); name != "userspace" || err != nil {
		t.Errorf("announced: got %q, %v; want userspace", name, err)
	}
	if daemon.asked != 1 {
		t.Errorf("the daemon was asked %d times, want once", daemon.asked)
	}
}

// TestAnnounce (issue 18): what is announced is what would be chosen.
func TestAnnounce(t *testing.T) {
	t.Parallel()
	none := &ipsec.NoEnforcerError{Err: &strongswan.DaemonError{Socket: "/s", Err: fs.ErrNotExist}}
	for _, tt := range []struct {
		name   string
		daemon enforce.Enforcer
		own    enforce.Enforcer
		flags  ipsec.Flags
		want   string
		err    string
	}{
		{name: "charon", daemon: &announcer{fake{name: "strongswan"}}, own: &announcer{fake{name: "userspace"}}, want: "strongswan"},
		{name: "no charon", daemon: &announcer{fake{name: "strongswan", err: none}}, own: &announcer{fake{name: "userspace"}}, want: "userspace"},
		{name: "no charon, none that announces", daemon: &announcer{fake{name: "strongswan", err: none}}, own: &fake{name: "userspace"}, want: "userspace"},
		{name: "another system", own: &announcer{fake{name: "userspace"}}, want: "userspace"},
		{name: "no charon and no other", daemon: &announcer{fake{name: "strongswan", err: none}}, err: none.Error()},
		{name: "nothing", err: (&ipsec.UnsupportedError{Enforcer: Name, Missing: ipsec.FlagIKE}).Error()},
		{name: "no gateway", daemon: &announcer{fake{name: "strongswan"}}, flags: 0x47, err: "tunnel mode needs an outer address for 192.0.2.10, but none is set"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e := &Enforcer{Daemon: tt.daemon, Own: tt.own}
			flags := ipsec.Flags(0x27)
			if tt.flags != 0 {
				flags = tt.flags
			}
			got, err := e.Announce(t.Context(), request(t, flags))
			text := ""
			if err != nil {
				text = err.Error()
			}
			if got != tt.want || text != tt.err {
				t.Errorf("got %q, %q; want %q, %q", got, text, tt.want, tt.err)
			}
		})
	}
}

// TestExisting (issue 18): what exists is what charon and the kernel have, where there are
// both.
func TestExisting(t *testing.T) {
	t.Parallel()
	src, dst := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddrPort("192.0.2.10:3260")
	for _, tt := range []struct {
		e    *Enforcer
		want string
	}{
		{&Enforcer{Kernel: &fake{name: "xfrm"}, Daemon: &fake{name: "strongswan"}, Own: &fake{name: "userspace"}}, "strongswan"},
		{&Enforcer{Kernel: &fake{name: "xfrm"}, Own: &fake{name: "userspace"}}, "userspace"},
		{&Enforcer{}, ""},
	} {
		got, err := tt.e.Existing(t.Context(), src, dst)
		if err != nil || got.Name != tt.want {
			t.Errorf("got %+v, %v; want %q", got, err, tt.want)
		}
	}
	if got := (&Enforcer{}).Means(); got.Enforcer != Name || got.Can != 0 {
		t.Errorf("got %+v, want that it can do nothing", got)
	}
}

// TestEnded: a context that ends while the daemon is waited for is no reason to choose
// another enforcer, which would only hide what took the time.
func TestEnded(t *testing.T) {
	t.Parallel()
	slow := &strongswan.DaemonError{Socket: "/s", Err: context.DeadlineExceeded}
	own := &fake{name: "userspace"}
	e := &Enforcer{Daemon: &fake{name: "strongswan", err: configure(slow)}, Own: own}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := e.Dialer(ctx, request(t, 0x27)); !errors.Is(err, slow) || own.asked != 0 {
		t.Errorf("got %v, and the other was asked %d times; want %v, 0", err, own.asked, slow)
	}
	if _, err := e.Dialer(t.Context(), request(t, 0x27)); err != nil || own.asked != 1 {
		t.Errorf("got %v, and the other was asked %d times; want one that was", err, own.asked)
	}
}
