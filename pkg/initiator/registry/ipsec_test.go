package registry_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/login"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// TestWorkedCases are the numbered cases of the reference API's rules, through the
// Service: what was defined before is an earlier add, the default is stored.
func TestWorkedCases(t *testing.T) {
	t.Parallel()
	const none = "none"
	outer := netip.MustParseAddr("203.0.113.1")
	tests := []struct {
		number     int
		policy     ipsec.Flags // what exists; 0: nothing
		flags      ipsec.Flags
		prev       ipsec.Flags // 0: not added before
		def        ipsec.Flags
		noOuter    bool
		aggressive bool
		plan       string // mode, exchange and PFS of what is done
		code       uint32
		stored     bool
	}{
		{number: 1, policy: 0x27, flags: 0x47, plan: "transport main", stored: true},
		{number: 2, flags: 0x47, prev: 0x27, def: 0x37, plan: "tunnel main", stored: true},
		{number: 3, flags: 0x46, prev: 0x27, def: 0x37, plan: "transport main", stored: true},
		{number: 4, flags: 0x46, def: 0x37, plan: "transport main pfs", stored: true},
		{number: 5, plan: none, stored: true},
		{number: 6, flags: 0x01, prev: 0x27, def: 0x37, plan: none, stored: true},
		{number: 7, flags: 0x61, code: isdsc.InvalidParameter},
		{number: 8, flags: 0x60, plan: none, stored: true},
		{number: 9, flags: 0x0f, code: isdsc.InvalidParameter},
		{number: 10, flags: 0x0b, aggressive: true, plan: "transport aggressive", stored: true},
		{number: 10, flags: 0x0b, code: isdsc.RequestNotSupported, stored: true},
		{number: 11, flags: 0x21, prev: 0x27, def: 0x37, plan: none, stored: true},
		{number: 12, flags: 0x03, plan: "transport main", stored: true},
		{number: 13, prev: 0x26, def: 0x27, plan: "transport main", stored: true},
		{number: 14, flags: 0x37, plan: "transport main pfs", stored: true},
		{number: 15, flags: 0x47, noOuter: true, code: isdsc.NoTunnelOuterModeAddress, stored: true},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.number), func(t *testing.T) {
			t.Parallel()
			e := &scene.FakeEnforcer{Aggressive: tt.aggressive}
			if tt.policy != 0 {
				e.Found = ipsec.Existing{Kind: ipsec.ExistingRule, Name: "policy", Flags: tt.policy}
			}
			w := newWorld(t, func(cfg *registry.Config) {
				d := cfg.Discoverer
				d.Enforcer = e
				d.PSK = scene.GroupKey
				d.Gateway = func(context.Context, ports.Port, netip.Addr) (netip.Addr, bool, error) {
					return outer, !tt.noOuter, nil
				}
			})
			e.Network = w.network
			addr := w.network.Portal("192.0.2.10:3260", &iscsitest.Target{Records: scene.Records(scene.Disk1)})
			scene.WantCode(t, w.SetDefaultSecurityFlags(t.Context(), tt.def), isdsc.Success)
			p := scene.At(addr)
			if tt.prev != 0 {
				p.Security = tt.prev
				if _, err := w.AddSendTargetPortal(t.Context(), p); err != nil {
					t.Fatal(err)
				}
			}
			e.Asked = nil
			p.Security = tt.flags
			r, err := w.AddSendTargetPortal(t.Context(), p)
			scene.WantCode(t, err, tt.code)
			if r.Stored != tt.stored {
				t.Errorf("stored %v, want %v", r.Stored, tt.stored)
			}
			if tt.stored {
				if got := w.portals()[0].Security; got != tt.flags {
					t.Errorf("stored flags %s, want %s", got.Hex(), tt.flags.Hex())
				}
			}
			if err != nil {
				return
			}
			got := none
			if len(e.Asked) > 0 {
				plan := e.Asked[0].Plan
				got = plan.Mode.String() + " " + plan.Exchange.String()
				if plan.PFS {
					got += " pfs"
				}
				if r.Proof == nil {
					t.Error("no proof")
				}
			}
			if got != tt.plan || r.IPsec.IPsec != (tt.plan != none) {
				t.Errorf("done %q, want %q; plan %+v", got, tt.plan, r.IPsec)
			}
		})
	}
}

// TestIPsecCodes are failures of IPsec that leave the portal stored, and never
// end in clear text.
func TestIPsecCodes(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		enforcer *scene.FakeEnforcer // nil: there is none
		noKey    bool
		change   func(*initiator.SendTargetPortal)
		code     uint32
		refused  bool // nothing stored
	}{
		{name: "nobody enforces", code: isdsc.IPsecNotSupportedOnOS, change: func(p *initiator.SendTargetPortal) { p.Security = 0x27 }},
		{name: "no key", enforcer: &scene.FakeEnforcer{}, noKey: true, code: isdsc.TargetPresharedKeyUnavailable, change: func(p *initiator.SendTargetPortal) { p.Security = 0x27 }},
		{name: "no proof", enforcer: &scene.FakeEnforcer{NoBytes: true}, code: isdsc.FailedToConfigureIPsec, change: func(p *initiator.SendTargetPortal) { p.Security = 0x27 }},
		{name: "required, nothing says so", enforcer: &scene.FakeEnforcer{}, code: isdsc.FailedToConfigureIPsec, change: func(p *initiator.SendTargetPortal) {
			p.Login.Flags = login.RequireIPsec
		}},
		{name: "required, and unknown what exists", code: isdsc.FailedToConfigureIPsec, change: func(p *initiator.SendTargetPortal) {
			p.Login.Flags = login.RequireIPsec
		}},
		{name: "required, and flags against it", refused: true, code: isdsc.InvalidParameter, change: func(p *initiator.SendTargetPortal) {
			p.Login.Flags, p.Security = login.RequireIPsec, 0x01
		}},
		{name: "bits that do not exist", refused: true, code: isdsc.InvalidParameter, change: func(p *initiator.SendTargetPortal) { p.Security = 0x81 }},
		{name: "short secret under IPsec", enforcer: &scene.FakeEnforcer{}, change: func(p *initiator.SendTargetPortal) {
			*p = scene.WithCHAP(*p, "disc", "eleven-byte")
			p.Security = 0x27
		}},
		{name: "short secret, flags against IPsec", refused: true, code: isdsc.InvalidTargetCHAPSecret, change: func(p *initiator.SendTargetPortal) {
			*p = scene.WithCHAP(*p, "disc", "eleven-byte")
			p.Security = 0x01
		}},
		{name: "short secret, and nothing protects", enforcer: &scene.FakeEnforcer{}, code: isdsc.InvalidTargetCHAPSecret, change: func(p *initiator.SendTargetPortal) {
			*p = scene.WithCHAP(*p, "disc", "eleven-byte")
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, func(cfg *registry.Config) {
				if tt.enforcer != nil {
					cfg.Discoverer.Enforcer = tt.enforcer
				}
				if !tt.noKey {
					cfg.Discoverer.PSK = scene.GroupKey
				}
			})
			addr := w.network.Portal("192.0.2.10:3260", &iscsitest.Target{User: "disc", Secret: "eleven-byte", Records: scene.Records(scene.Disk1)})
			if strings.HasPrefix(tt.name, "required") || tt.name == "no proof" {
				addr = w.network.Portal("192.0.2.11:3260", &iscsitest.Target{Records: scene.Records(scene.Disk1)})
			}
			if tt.enforcer != nil {
				tt.enforcer.Network = w.network
			}
			p := scene.At(addr)
			tt.change(&p)
			r, err := w.AddSendTargetPortal(t.Context(), p)
			scene.WantCode(t, err, tt.code)
			if r.Stored == tt.refused {
				t.Errorf("stored %v", r.Stored)
			}
			if tt.code != 0 && tt.name != "no proof" && len(w.network.Dials()) > 0 {
				t.Errorf("dials %v", w.network.Dials())
			}
		})
	}
}

// TestRemembered: valid flags are remembered beside the entry, until the last
// entry of the portal goes.
func TestRemembered(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	add := func(flags ipsec.Flags) error {
		p := scene.At(netip.MustParseAddrPort("192.0.2.10:3260"))
		p.Security = flags
		_, err := w.AddSendTargetPortal(t.Context(), p)
		return err
	}
	w.network.Portal("192.0.2.10:3260", &iscsitest.Target{})
	scene.WantCode(t, add(0x27), isdsc.IPsecNotSupportedOnOS)
	scene.WantCode(t, add(0x46), isdsc.IPsecNotSupportedOnOS) // remembered 0x27
	p := scene.At(netip.MustParseAddrPort("192.0.2.10:3260"))
	scene.WantCode(t, w.RemoveSendTargetPortal(t.Context(), p.Key()), isdsc.Success)
	scene.WantCode(t, add(0x46), isdsc.Success) // forgotten
}

// TestEnforcerErrors: what an enforcer says is told, and not what it met on its
// way, which is no news of the portal.
func TestEnforcerErrors(t *testing.T) {
	t.Parallel()
	for _, cause := range []error{
		&net.OpError{Op: "dial", Net: "unix", Err: syscall.ENOENT},
		&net.DNSError{Err: "no such host"},
		io.EOF,
	} {
		e := &initiator.Error{
			Stage: initiator.StageSecure, Portal: initiator.Portal{Address: "192.0.2.10", Port: 3260},
			Err: &isdsc.Error{Code: isdsc.FailedToConfigureIPsec, What: "IPsec", Reason: "the daemon does not run", Err: cause},
		}
		if got, want := e.Error(), "secure 192.0.2.10:3260: IPsec: the daemon does not run"; got != want {
			t.Errorf("%v: got %q, want %q", cause, got, want)
		}
	}
}
