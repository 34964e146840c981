package registry_test

import (
	"context"
	"net/netip"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// TestKeysOfPeers: a peer's own key goes before the one for all, a portal's own
// before both; flags that come with a key are those "previously defined".
func TestKeysOfPeers(t *testing.T) {
	t.Parallel()
	e := &scene.FakeEnforcer{}
	w := newWorld(t, func(cfg *registry.Config) {
		cfg.Discoverer.Enforcer = e
		cfg.Discoverer.Lookup = func(context.Context, string) ([]netip.Addr, error) {
			return []netip.Addr{netip.MustParseAddr("192.0.2.12")}, nil
		}
	})
	e.Network = w.network
	for _, a := range []string{"192.0.2.10:3260", "192.0.2.11:3260", "192.0.2.12:3260"} {
		w.network.Portal(a, &iscsitest.Target{})
	}
	set := func(code uint32, i registry.IKEInfo, persist bool) {
		t.Helper()
		scene.WantCode(t, w.SetIKEInfo(t.Context(), i, persist), code)
	}
	set(isdsc.InvalidParameter, registry.IKEInfo{ID: "a b", Key: scene.PSK("k")}, true)
	set(isdsc.InvalidParameter, registry.IKEInfo{ID: "192.0.2.10", Key: scene.PSK("k"), Flags: 0x61}, true)
	set(isdsc.TargetPresharedKeyUnavailable, registry.IKEInfo{ID: "192.0.2.10"}, true)
	set(isdsc.Success, registry.IKEInfo{ID: ipsec.GroupID, Key: scene.PSK("for all")}, true)
	set(isdsc.Success, registry.IKEInfo{ID: "::ffff:192.0.2.10", Key: scene.PSK("for ten"), Flags: 0x37}, true)
	set(isdsc.Success, registry.IKEInfo{ID: "Array.Example.", Key: scene.PSK("for the array")}, false)

	tests := []struct {
		address string
		own     string
		flags   ipsec.Flags
		key     string
		pfs     bool
	}{
		{address: "192.0.2.10", key: "for ten", pfs: true}, // by the flags of its key
		{address: "192.0.2.10", flags: 0x27, key: "for ten"},
		{address: "192.0.2.11", flags: 0x27, key: "for all"},
		{address: "array.example", flags: 0x27, key: "for the array"},
		{address: "192.0.2.11", flags: 0x27, own: "for this portal", key: "for this portal"},
	}
	for _, tt := range tests {
		e.Asked = nil
		p := initiator.SendTargetPortal{Portal: initiator.Portal{Address: tt.address, Port: 3260}, Security: tt.flags}
		p.IPsec.PSK = scene.PSK(tt.own)
		r, err := w.AddSendTargetPortal(t.Context(), p)
		scene.WantCode(t, err, isdsc.Success)
		if len(e.Asked) != 1 {
			t.Fatalf("%s: %d connections", tt.address, len(e.Asked))
		}
		if got := e.Asked[0]; !got.PSK.Secret.Equal(scene.PSK(tt.key)) || got.Plan.PFS != tt.pfs {
			t.Errorf("%s: plan %+v, key of %q", tt.address, got.Plan, got.PSK.Remote)
		}
		if !r.Asked.IPsec.PSK.IsZero() {
			t.Error("the result has the key")
		}
		scene.WantCode(t, w.RemoveSendTargetPortal(t.Context(), p.Key()), isdsc.Success)
	}

	i, err := w.IKEInfo(t.Context(), "192.0.2.10", "", ports.All)
	scene.WantCode(t, err, isdsc.Success)
	if i.Flags != 0x37 || !i.Key.IsZero() {
		t.Errorf("info %+v", i)
	}
	_, err = w.IKEInfo(t.Context(), "192.0.2.77", "", ports.All)
	scene.WantCode(t, err, isdsc.NoAuthInfoAvailable)
	for range 2 {
		if got := len(collect(t, w.IKEInfos(t.Context()))); got != 3 {
			t.Errorf("%d keys, want 3", got)
		}
	}
	scene.WantCode(t, w.RemoveIKEInfo(t.Context(), "array.example", "", ports.All), isdsc.Success)
	scene.WantCode(t, w.RemoveIKEInfo(t.Context(), "array.example", "", ports.All), isdsc.NoAuthInfoAvailable)
}

// TestPolicies: the closest selector counts, and beats flags.
func TestPolicies(t *testing.T) {
	t.Parallel()
	e := &scene.FakeEnforcer{}
	w := newWorld(t, func(cfg *registry.Config) {
		cfg.Discoverer.Enforcer = e
		cfg.Discoverer.PSK = scene.GroupKey
	})
	e.Network = w.network
	addr := w.network.Portal("192.0.2.10:3260", &iscsitest.Target{Records: scene.Records(scene.Disk1)}) // in group 1
	policy := func(selector string, flags ipsec.Flags) {
		t.Helper()
		scene.WantCode(t, w.SetPolicy(t.Context(), registry.Policy{Selector: selector, Flags: flags}), isdsc.Success)
	}
	add := func(want string, origin ipsec.Origin) {
		t.Helper()
		p := scene.At(addr)
		p.Security, p.IPsec.Gateway = 0x57, netip.MustParseAddr("203.0.113.1")
		r, err := w.AddSendTargetPortal(t.Context(), p)
		scene.WantCode(t, err, isdsc.Success)
		if got := r.IPsec.Existing.String(); got != want || r.IPsec.Origin != origin {
			t.Errorf("existing %q, want %q; plan %+v", got, want, r.IPsec)
		}
	}
	add("none", ipsec.OriginFlags)
	policy("tag=1", 0x57) // as the portal's flags are
	add("none", ipsec.OriginFlags)
	scene.WantCode(t, w.RemovePolicy(t.Context(), "tag=1"), isdsc.Success)
	policy("192.0.0.0/16", 0x01)
	add("policy 192.0.0.0/16", ipsec.OriginExisting)
	policy("192.0.2.10", 0x27)
	add("policy 192.0.2.10/32", ipsec.OriginExisting)
	policy("192.0.2.10:3260", 0x37)
	add("policy 192.0.2.10:3260", ipsec.OriginExisting)
	if n := len(collect(t, w.Policies(t.Context()))); n != 3 {
		t.Errorf("%d policies, want 3", n)
	}
	for _, s := range []string{"192.0.2.10:3260", "192.0.2.10", "192.0.77.1/16"} {
		scene.WantCode(t, w.RemovePolicy(t.Context(), s), isdsc.Success)
	}
	scene.WantCode(t, w.RemovePolicy(t.Context(), "tag=1"), isdsc.InvalidParameter)
	scene.WantCode(t, w.SetPolicy(t.Context(), registry.Policy{Selector: "somewhere", Flags: 0x27}), isdsc.InvalidParameter)
	scene.WantCode(t, w.SetPolicy(t.Context(), registry.Policy{Selector: "tag=1", Flags: 0x26}), isdsc.InvalidParameter)
	add("none", ipsec.OriginFlags)
}

// TestTunnelAddresses: the gateway of a destination.
func TestTunnelAddresses(t *testing.T) {
	t.Parallel()
	e := &scene.FakeEnforcer{}
	w := newWorld(t, func(cfg *registry.Config) {
		cfg.Discoverer.Enforcer = e
		cfg.Discoverer.PSK = scene.GroupKey
	})
	e.Network = w.network
	p := scene.At(w.network.Portal("192.0.2.10:3260", &iscsitest.Target{}))
	p.Security = 0x47
	_, err := w.AddSendTargetPortal(t.Context(), p)
	scene.WantCode(t, err, isdsc.NoTunnelOuterModeAddress)
	gateway := netip.MustParseAddr("203.0.113.1")
	tunnel := registry.TunnelAddress{Destination: p.Source, Outer: gateway}
	scene.WantCode(t, w.SetTunnelModeOuterAddress(t.Context(), tunnel, true), isdsc.InvalidHost)
	tunnel.Destination = netip.MustParseAddr("192.0.2.10")
	scene.WantCode(t, w.SetTunnelModeOuterAddress(t.Context(), tunnel, true), isdsc.Success)
	_, err = w.AddSendTargetPortal(t.Context(), p)
	scene.WantCode(t, err, isdsc.Success)
	if len(e.Asked) != 1 || e.Asked[0].Gateway != gateway {
		t.Errorf("asked %+v", e.Asked)
	}
	scene.WantCode(t, w.RemoveTunnelModeOuterAddress(t.Context(), tunnel.Destination, "", ports.All), isdsc.Success)
	scene.WantCode(t, w.RemoveTunnelModeOuterAddress(t.Context(), tunnel.Destination, "", ports.All), isdsc.NoTunnelOuterModeAddress)
}
