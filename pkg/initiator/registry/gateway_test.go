package registry_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// TestGateways (issue 13, 45): what cannot be the gateway to a destination is refused,
// where it is stored and where it comes with a portal.
func TestGateways(t *testing.T) {
	t.Parallel()
	e := &scene.FakeEnforcer{}
	w := newWorld(t, func(cfg *registry.Config) {
		cfg.Discoverer.Enforcer = e
		cfg.Discoverer.PSK = scene.GroupKey
	})
	e.Network = w.network
	w.network.Portal("192.0.2.10:3260", &iscsitest.Target{})
	for _, tt := range []struct {
		outer, reason string
	}{
		{"203.0.113.1", ""},
		{"::ffff:203.0.113.1", ""},
		{"192.0.2.10", ""}, // the portal ends the tunnel itself
		{"2001:db8::1", "one is IPv4 and the other IPv6"},
		{"127.0.0.1", "this host"}, {"::ffff:127.0.0.1", "this host"}, {"::1", "this host"},
		{"fe80::1", "without a zone"}, {"fe80::1%eth0", "one is IPv4 and the other IPv6"},
		{"0.0.0.0", "not the address of a host"}, {"224.0.0.1", "not the address of a host"}, {"255.255.255.255", "not the address of a host"},
	} {
		code := isdsc.Success
		if tt.reason != "" {
			code = isdsc.InvalidHost
		}
		tunnel := registry.TunnelAddress{Destination: netip.MustParseAddr("192.0.2.10"), Outer: netip.MustParseAddr(tt.outer)}
		p := scene.At(netip.MustParseAddrPort("192.0.2.10:3260"))
		p.Security, p.IPsec.Gateway = 0x47, tunnel.Outer
		_, added := w.AddSendTargetPortal(t.Context(), p)
		for what, err := range map[string]error{"stored": w.SetTunnelModeOuterAddress(t.Context(), tunnel, false), "with the portal": added} {
			scene.WantCode(t, err, code)
			if err != nil && !strings.Contains(err.Error(), tt.reason) {
				t.Errorf("%s, %s: got %v, want %q", tt.outer, what, err, tt.reason)
			}
		}
	}
	tunnel := registry.TunnelAddress{Destination: netip.MustParseAddr("2001:db8::10"), Outer: netip.MustParseAddr("fe80::1%eth0")}
	scene.WantCode(t, w.SetTunnelModeOuterAddress(t.Context(), tunnel, false), isdsc.Success)
}

// TestStaticOrder (issue 13, 45): static targets that are not stored come in the order
// of their names, each time.
func TestStaticOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var want []string
	for c := 'z'; c >= 'a'; c-- {
		name := "iqn.2026-11.com.example:" + string(c)
		want = append(want, name)
		scene.WantCode(t, w.AddStaticTarget(t.Context(), registry.StaticTarget{Name: name}), isdsc.Success)
	}
	slices.Sort(want)
	var got []string
	for _, target := range collect(t, w.Targets(t.Context(), false)) {
		got = append(got, target.Name)
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
