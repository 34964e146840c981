package registry_test

import (
	"context"
	"errors"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/login"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// TestExplain: each plan with what carries it out, and what speaks against it.
// Nothing is sent, nothing is set up, nothing is stored.
func TestExplain(t *testing.T) {
	t.Parallel()
	type explained struct {
		Plan, Origin, Enforcer string
		Key                    bool
		Code                   uint32
	}
	const none, fails = "none", isdsc.FailedToConfigureIPsec
	tests := []struct {
		name     string
		existing ipsec.Existing
		nobody   bool // there is no enforcer
		looked   bool // somebody else did, and there is nothing
		noKey    bool
		policy   ipsec.Flags // 0: none
		change   func(*initiator.SendTargetPortal)
		want     explained
	}{
		{name: "nothing anywhere", want: explained{Plan: none, Origin: "default"}},
		{name: "somebody looked beforehand", looked: true, nobody: true, change: func(p *initiator.SendTargetPortal) { p.IPsec.RefuseUnknown = true }, want: explained{Plan: none, Origin: "default"}},
		{name: "nobody can look", nobody: true, want: explained{Plan: none, Origin: "default"}},
		{name: "flags", change: flagged(0x27), want: explained{Plan: "transport", Origin: "flags", Enforcer: "fake", Key: true}},
		{name: "policy", policy: 0x27, change: flagged(0x01), want: explained{Plan: "transport", Origin: "existing", Enforcer: "fake", Key: true}},
		{name: "in place", existing: ipsec.Existing{Kind: ipsec.ExistingProtection, Name: "of the host"}, noKey: true, want: explained{Plan: "ipsec", Origin: "existing", Enforcer: "the system"}},
		{name: "no key", noKey: true, change: flagged(0x27), want: explained{Plan: "transport", Origin: "flags", Code: isdsc.TargetPresharedKeyUnavailable}},
		{name: "no outer address", change: flagged(0x47), want: explained{Plan: "tunnel", Origin: "flags", Code: isdsc.NoTunnelOuterModeAddress}},
		{name: "an outer address", change: func(p *initiator.SendTargetPortal) {
			p.Security, p.IPsec.Gateway = 0x47, netip.MustParseAddr("203.0.113.1")
		}, want: explained{Plan: "tunnel", Origin: "flags", Enforcer: "fake", Key: true}},
		{name: "more than anybody can do", change: flagged(0x0b), want: explained{Plan: "transport", Origin: "flags", Key: true, Code: isdsc.RequestNotSupported}},
		{name: "nobody enforces", nobody: true, change: flagged(0x27), want: explained{Plan: "transport", Origin: "flags", Code: isdsc.IPsecNotSupportedOnOS}},
		{name: "required", change: func(p *initiator.SendTargetPortal) { p.Login.Flags = login.RequireIPsec }, want: explained{Plan: none, Origin: "default", Code: fails}},
		{name: "unknown, and refused", existing: ipsec.Existing{Kind: ipsec.ExistingUnknown}, change: func(p *initiator.SendTargetPortal) { p.IPsec.RefuseUnknown = true }, want: explained{Plan: none, Origin: "default", Code: fails}},
		{name: "short secret", change: func(p *initiator.SendTargetPortal) { *p = scene.WithCHAP(*p, "disc", "eleven-byte") }, want: explained{Plan: none, Origin: "default", Code: isdsc.InvalidTargetCHAPSecret}},
		{name: "short secret under IPsec", change: func(p *initiator.SendTargetPortal) {
			*p = scene.WithCHAP(*p, "disc", "eleven-byte")
			p.Security = 0x27
		}, want: explained{Plan: "transport", Origin: "flags", Enforcer: "fake", Key: true}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e := &scene.FakeEnforcer{Found: tt.existing}
			w := newWorld(t, func(cfg *registry.Config) {
				if !tt.nobody {
					cfg.Discoverer.Enforcer = e
				}
				cfg.Discoverer.NothingExists = tt.looked
				if !tt.noKey {
					cfg.Discoverer.PSK = scene.GroupKey
				}
			})
			if tt.policy != 0 {
				scene.WantCode(t, w.SetPolicy(t.Context(), registry.Policy{Selector: "192.0.2.0/24", Flags: tt.policy}), isdsc.Success)
			}
			p := scene.At(netip.MustParseAddrPort("192.0.2.10:3260"))
			if tt.change != nil {
				tt.change(&p)
			}
			all, err := w.Explain(t.Context(), p)
			if err != nil || len(all) != 1 {
				t.Fatalf("got %d explanations, %v", len(all), err)
			}
			x := all[0]
			got := explained{Plan: x.Plan.String(), Origin: x.Plan.Origin.String(), Enforcer: x.Enforcer, Key: x.Key, Code: initiator.Code(x.Err)}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("want -, got +\n%s%v", diff, x.Err)
			}
			if x.Plan.Why == "" || x.Address.String() != "192.0.2.10:3260" || x.Port.Address.String() != "192.0.2.2" {
				t.Errorf("got why %q, address %s, source %s", x.Plan.Why, x.Address, x.Port.Address)
			}
			if !x.Portal.Login.Password.IsZero() || !x.Portal.IPsec.PSK.IsZero() {
				t.Error("the explanation has secrets")
			}
			if got := w.network.Dials(); len(got)+len(e.Asked) > 0 {
				t.Errorf("got %d dials and %d connections set up, want none", len(got), len(e.Asked))
			}
			if got := w.portals(); len(got) > 0 {
				t.Errorf("got %d portals stored, want none", len(got))
			}
		})
	}
}

func flagged(f ipsec.Flags) func(*initiator.SendTargetPortal) {
	return func(p *initiator.SendTargetPortal) { p.Security = f }
}

// TestExplainEntry: an entry is explained with the options that it was added
// with, also its sealed key; a portal that is not listed without any; and each
// address of a name.
func TestExplainEntry(t *testing.T) {
	t.Parallel()
	e := &scene.FakeEnforcer{}
	w := newWorld(t, func(cfg *registry.Config) {
		cfg.Discoverer.Enforcer = e
		cfg.Discoverer.Lookup = func(_ context.Context, host string) ([]netip.Addr, error) {
			if host != "array.example" {
				return nil, errors.New("no such host")
			}
			return []netip.Addr{netip.MustParseAddr("192.0.2.12"), netip.MustParseAddr("2001:db8::12")}, nil
		}
	})
	e.Network = w.network
	p := initiator.SendTargetPortal{Portal: initiator.Portal{Address: "array.example", Port: 3260}, Security: 0x27}
	p.IPsec.PSK = scene.PSK("for the array")
	if r, _ := w.AddSendTargetPortal(t.Context(), p); !r.Stored {
		t.Fatal("not stored")
	}
	dials := len(w.network.Dials())
	all, listed, err := w.ExplainEntry(t.Context(), p.Key())
	if err != nil || !listed || len(all) != 2 {
		t.Fatalf("got %d explanations, listed %v, %v", len(all), listed, err)
	}
	for i, want := range []string{"192.0.2.12:3260", "[2001:db8::12]:3260"} {
		if x := all[i]; x.Address.String() != want || x.Plan.String() != "transport" || !x.Key || x.Err != nil {
			t.Errorf("got %+v, want transport to %s", x, want)
		}
	}
	p.Portal.Port++
	all, listed, err = w.ExplainEntry(t.Context(), p.Key())
	if err != nil || listed || len(all) != 2 || all[0].Plan.IPsec {
		t.Errorf("another TCP port: got %+v, listed %v, %v", all, listed, err)
	}
	p.Portal.Address = "nobody.example"
	_, _, err = w.ExplainEntry(t.Context(), p.Key())
	scene.WantCode(t, err, isdsc.DNSNameUnresolved)
	if got := len(w.network.Dials()); got != dials {
		t.Errorf("got %d dials more, want none", got-dials)
	}
}

// TestMayUseIPsec: whatever may bring IPsec, and nothing else.
func TestMayUseIPsec(t *testing.T) {
	t.Parallel()
	add := func(f ipsec.Flags) func(*world) error {
		return func(w *world) error {
			p := scene.At(netip.MustParseAddrPort("192.0.2.10:3260"))
			p.Security = f
			if r, err := w.AddSendTargetPortal(w.t.Context(), p); !r.Stored {
				return err
			}
			return nil
		}
	}
	set := func(f ipsec.Flags) func(*world) error {
		return func(w *world) error { return w.SetDefaultSecurityFlags(w.t.Context(), f) }
	}
	policy := func(f ipsec.Flags) func(*world) error {
		return func(w *world) error {
			return w.SetPolicy(w.t.Context(), registry.Policy{Selector: "192.0.2.0/24", Flags: f})
		}
	}
	key := func(f ipsec.Flags) func(*world) error {
		return func(w *world) error {
			return w.SetIKEInfo(w.t.Context(), registry.IKEInfo{ID: "192.0.2.10", Key: scene.PSK("k"), Flags: f}, false)
		}
	}
	tests := []struct {
		name   string
		change func(*world) error // nil: none
		want   bool
	}{
		{name: "nothing"},
		{name: "portal without flags", change: add(0)},
		{name: "portal with flags that are not valid", change: add(0x26)},
		{name: "portal with flags", change: add(0x27), want: true},
		{name: "default off", change: set(0x01)},
		{name: "default", change: set(0x27), want: true},
		{name: "policy off", change: policy(0x01)},
		{name: "policy", change: policy(0x27), want: true},
		{name: "key", change: key(0)},
		{name: "key with flags", change: key(0x27), want: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			if tt.change != nil {
				if err := tt.change(w); err != nil {
					t.Fatal(err)
				}
			}
			if got, err := w.MayUseIPsec(t.Context()); err != nil || got != tt.want {
				t.Errorf("got %v, %v; want %v", got, err, tt.want)
			}
		})
	}
}

// TestIPsecOptions: what cannot be an identity or a gateway is refused, and not
// stored.
func TestIPsecOptions(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		o    initiator.IPsecOptions
		code uint32
	}{
		{name: "identity", o: initiator.IPsecOptions{LocalID: "a b"}, code: isdsc.InvalidParameter},
		{name: "peer", o: initiator.IPsecOptions{PeerID: "*@example.com"}, code: isdsc.InvalidParameter},
		{name: "all peers", o: initiator.IPsecOptions{PeerID: "group"}, code: isdsc.InvalidParameter},
		{name: "proposals", o: initiator.IPsecOptions{Proposals: "null-sha1"}, code: isdsc.InvalidParameter},
		{name: "gateway", o: initiator.IPsecOptions{Gateway: netip.MustParseAddr("224.0.0.1")}, code: isdsc.InvalidHost},
	} {
		w := newWorld(t)
		p := scene.At(netip.MustParseAddrPort("192.0.2.10:3260"))
		p.IPsec = tt.o
		r, err := w.AddSendTargetPortal(t.Context(), p)
		scene.WantCode(t, err, tt.code)
		if r.Stored {
			t.Errorf("%s: stored", tt.name)
		}
	}
}

// TestNoRouteUnderEnforcer: where nothing leads to a portal, that is so at the same
// stage with an enforcer as without.
func TestNoRouteUnderEnforcer(t *testing.T) {
	t.Parallel()
	network := iscsitest.NewNetwork(t)
	d := &initiator.Discoverer{
		InitiatorName: scene.InitiatorName, Dial: network.Dial, Enforcer: &scene.FakeEnforcer{Network: network},
		Selector: &ports.Selector{
			Instances: []string{ports.Host},
			Route: func(_ context.Context, source, _ netip.Addr) (netip.Addr, error) {
				return source, errors.New("no route")
			},
		},
	}
	_, err := d.Discover(t.Context(), scene.At(netip.MustParseAddrPort("192.0.2.10:3260")))
	var e *initiator.Error
	if !errors.As(err, &e) || e.Stage != initiator.StageConnect {
		t.Errorf("got %v, want stage connect", err)
	}
	scene.WantCode(t, err, isdsc.ConnectionFailed)
}
