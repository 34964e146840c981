package initiator_test

import (
	"context"
	"errors"
	"net/netip"
	"testing"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// protected is what the system has where the way to a portal is protected.
var protected = ipsec.Existing{Kind: ipsec.ExistingProtection, Name: "policy", Flags: 0x21}

// A watchfulEnforcer finds something else each time that it looks.
type watchfulEnforcer struct {
	scene.FakeEnforcer
	looks func(look int, source netip.Addr, dst netip.AddrPort) ipsec.Existing
	count int
}

func (e *watchfulEnforcer) Existing(_ context.Context, source netip.Addr, dst netip.AddrPort) (ipsec.Existing, error) {
	e.count++
	return e.looks(e.count-1, source, dst), nil
}

// TestFallbackPlan: the second try is made under a plan that is no weaker than that
// of the first, or not at all (issue 13, 4).
func TestFallbackPlan(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name          string
		first, second ipsec.Existing
		dials         int
		want          scene.Outcome
	}{
		{name: "as strong", first: protected, second: protected, dials: 2},
		{name: "stronger", second: protected, dials: 2},
		{name: "clear text", first: protected, dials: 1, want: scene.Outcome{
			Stage: initiator.StageSecure, Code: isdsc.FailedToConfigureIPsec,
			Text: ": login refused with SHA-256 (0x0201), and with MD5: IPsec: the second try would have less protection than the first",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
				d.Enforcer = &watchfulEnforcer{FakeEnforcer: scene.FakeEnforcer{Network: n}, looks: func(look int, _ netip.Addr, _ netip.AddrPort) ipsec.Existing {
					return []ipsec.Existing{tt.first, tt.second}[look]
				}}
				p := scene.OneWay(scene.Portal(n, scene.Where, confused("7", 0x0201), scene.CHAPTarget("")))
				p.Source = netip.MustParseAddr("192.0.2.254")
				r, _ := discover(t, d, p)
				scene.Judge(t, r.Err, tt.want)
				if len(n.Dials()) != tt.dials || r.Err == nil && r.Auth.Algorithm != auth.MD5 {
					t.Errorf("dials %v, outcome %+v", n.Dials(), r.Auth)
				}
			})
		})
	}
}

// TestFallbackPlanWarnings: what a plan warns of is said once, not once for each try.
func TestFallbackPlanWarnings(t *testing.T) {
	t.Parallel()
	scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
		d.Enforcer, d.PSK = &scene.FakeEnforcer{Network: n, Aggressive: true}, scene.GroupKey
		p := scene.OneWay(scene.Portal(n, scene.Where, confused("7", 0x0201), scene.CHAPTarget("")))
		p.Source, p.Security = netip.MustParseAddr("192.0.2.254"), 0x2b
		r, _ := discover(t, d, p)
		scene.Judge(t, r.Err, scene.Outcome{})
		if len(r.Warnings) != 2 || scene.Warned(r, initiator.WarnCHAPFallback) != 1 {
			t.Errorf("warnings %v", r.Warnings)
		}
	})
}

// TestPlanOfAnotherAddress: the plan and the hops of an address that failed do not
// count at the next one, nor those of a port.
func TestPlanOfAnotherAddress(t *testing.T) {
	t.Parallel()
	t.Run("address", func(t *testing.T) {
		t.Parallel()
		scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
			d.Lookup = scene.Lookup("192.0.2.1", "192.0.2.2")
			d.Enforcer = &watchfulEnforcer{FakeEnforcer: scene.FakeEnforcer{Network: n}, looks: func(_ int, _ netip.Addr, dst netip.AddrPort) (found ipsec.Existing) {
				if dst.Addr() == netip.MustParseAddr("192.0.2.1") {
					found = protected
				}
				return found
			}}
			n.Portal("192.0.2.1:3260", confused("7", 0x0202))
			n.Portal("192.0.2.2:3260", confused("7", 0x0201), scene.CHAPTarget(""))
			p := scene.OneWay(named)
			p.Source = netip.MustParseAddr("192.0.2.254")
			r, _ := discover(t, d, p)
			if scene.Judge(t, r.Err, scene.Outcome{}); r.IPsec.IPsec || scene.Warned(r, initiator.WarnCHAPFallback) != 1 {
				t.Errorf("plan %s, warnings %v", r.IPsec, r.Warnings)
			}
		})
	})
	t.Run("port", func(t *testing.T) {
		t.Parallel()
		scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
			first, second := netip.MustParseAddr("192.0.2.2"), netip.MustParseAddr("192.0.2.3")
			d.Enforcer = &watchfulEnforcer{FakeEnforcer: scene.FakeEnforcer{Network: n}, looks: func(_ int, source netip.Addr, _ netip.AddrPort) (found ipsec.Existing) {
				if source == first {
					found = protected
				}
				return found
			}}
			d.Selector = &ports.Selector{
				Instances: []string{"one", "two"},
				Ports:     []ports.Port{{Instance: "one", Address: first}, {Instance: "two", Address: second}},
				Route: func(_ context.Context, source, _ netip.Addr) (netip.Addr, error) {
					if !source.IsValid() {
						return source, errors.New("none is better")
					}
					return source, nil
				},
			}
			// From the first port it sends us to a closed port.
			r, _ := discover(t, d, scene.Portal(n, scene.Where, scene.Sends("192.0.2.1:3261"), &iscsitest.Target{}))
			scene.Judge(t, r.Err, scene.Outcome{})
			if r.Source != second || len(r.Redirects) != 0 || r.IPsec.IPsec {
				t.Errorf("from %s by way of %v, plan %s", r.Source, r.Redirects, r.IPsec)
			}
		})
	})
}

// TestFallbackPort: a port whose second try fails has connected, so no other port is
// tried.
func TestFallbackPort(t *testing.T) {
	t.Parallel()
	scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
		d.Selector = &ports.Selector{
			Instances: []string{"one", "two"},
			Ports:     []ports.Port{{Instance: "one", Address: netip.MustParseAddr("192.0.2.2")}, {Instance: "two", Address: netip.MustParseAddr("192.0.2.3")}},
			Route: func(_ context.Context, source, _ netip.Addr) (netip.Addr, error) {
				if !source.IsValid() {
					return source, errors.New("none is better")
				}
				return source, nil
			},
		}
		r, _ := discover(t, d, scene.OneWay(scene.Portal(n, scene.Where, confused("7", 0x0201), scene.Sends("192.0.2.1:3261"))))
		scene.Judge(t, r.Err, scene.Outcome{Stage: initiator.StageConnect, Code: isdsc.ConnectionFailed, Retry: true, Text: "login refused with SHA-256 (0x0201), and with MD5: connection refused"})
		if len(n.Dials()) != 3 {
			t.Errorf("dials %v", n.Dials())
		}
	})
}
