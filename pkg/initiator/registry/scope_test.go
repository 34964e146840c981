package registry_test

import (
	"net/netip"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// TestScopes: a key and a gateway hold for the ports that they were set for, and
// the closest of several counts; but a key of the peer goes before one for all.
func TestScopes(t *testing.T) {
	t.Parallel()
	e := &scene.FakeEnforcer{}
	w := newWorld(t, func(cfg *registry.Config) { cfg.Discoverer.Enforcer = e })
	e.Network = w.network
	portal := scene.At(w.network.Portal("192.0.2.10:3260", &iscsitest.Target{}))
	scene.WantCode(t, w.AddInstance(t.Context(), ports.Instance{Name: "hba", Interfaces: []string{"eth1"}}), isdsc.Success)

	gateway := func(last byte) netip.Addr { return netip.AddrFrom4([4]byte{203, 0, 113, last}) }
	key := func(code uint32, id, instance string, port ports.Number, secret string) {
		t.Helper()
		i := registry.IKEInfo{ID: id, Instance: instance, Port: port, Key: scene.PSK(secret)}
		scene.WantCode(t, w.SetIKEInfo(t.Context(), i, true), code)
	}
	outer := func(code uint32, instance string, port ports.Number, last byte) {
		t.Helper()
		tunnel := registry.TunnelAddress{Instance: instance, Port: port, Destination: netip.MustParseAddr("192.0.2.10"), Outer: gateway(last)}
		scene.WantCode(t, w.SetTunnelModeOuterAddress(t.Context(), tunnel, true), code)
	}
	number := ports.N
	key(isdsc.Win32InvalidParameter, "group", "", number(0), "k")
	key(isdsc.InitiatorInstanceNotFound, "group", "none", ports.All, "k")
	key(isdsc.InvalidPortNumber, "group", "host", number(9), "k")
	outer(isdsc.InvalidPortNumber, "hba", number(9), 1)

	key(isdsc.Success, "group", "", ports.All, "all")
	key(isdsc.Success, "group", "HBA", ports.All, "hba")
	key(isdsc.Success, "group", "host", number(1), "host 1")
	outer(isdsc.Success, "", ports.All, 1)
	outer(isdsc.Success, "hba", ports.All, 2)
	outer(isdsc.Success, "host", number(1), 3)

	asked := func(instance string, port ports.Number, secret string, last byte) {
		t.Helper()
		e.Asked = nil
		p := portal
		p.Instance, p.Port, p.Source, p.Security = instance, port, netip.Addr{}, 0x47
		if _, err := w.AddSendTargetPortal(t.Context(), p); err != nil || len(e.Asked) != 1 {
			t.Fatalf("%s %s: %d connections, %v", instance, port, len(e.Asked), err)
		}
		if got := e.Asked[0]; !got.PSK.Secret.Equal(scene.PSK(secret)) || got.Gateway != gateway(last) {
			t.Errorf("%s %s: gateway %s, or another key than %q", instance, port, got.Gateway, secret)
		}
	}
	asked("", ports.All, "all", 1)
	asked("host", number(0), "all", 1)
	asked("host", number(1), "host 1", 3)
	asked("hba", ports.All, "hba", 2)
	key(isdsc.Success, gateway(3).String(), "", ports.All, "of the gateway")
	asked("host", number(1), "of the gateway", 3)

	scene.WantCode(t, w.RemoveIKEInfo(t.Context(), "group", "hba", number(0)), isdsc.NoAuthInfoAvailable)
	scene.WantCode(t, w.RemoveIKEInfo(t.Context(), "group", "hba", ports.All), isdsc.Success)
	destination := netip.MustParseAddr("192.0.2.10")
	scene.WantCode(t, w.RemoveTunnelModeOuterAddress(t.Context(), destination, "hba", ports.All), isdsc.Success)
	scene.WantCode(t, w.RemoveTunnelModeOuterAddress(t.Context(), destination, "hba", ports.All), isdsc.NoTunnelOuterModeAddress)
	asked("hba", ports.All, "all", 1)
}

// TestScopeOfFlags: flags that come with a key are defined for its ports only.
func TestScopeOfFlags(t *testing.T) {
	t.Parallel()
	e := &scene.FakeEnforcer{}
	w := newWorld(t, func(cfg *registry.Config) { cfg.Discoverer.Enforcer = e })
	e.Network = w.network
	portal := scene.At(w.network.Portal("192.0.2.10:3260", &iscsitest.Target{}))
	i := registry.IKEInfo{ID: "192.0.2.10", Instance: "host", Port: ports.N(1), Flags: 0x27, Key: scene.PSK("k")}
	scene.WantCode(t, w.SetIKEInfo(t.Context(), i, true), isdsc.Success)
	for _, tt := range []struct {
		instance string
		port     ports.Number
		want     bool
	}{{"", ports.All, false}, {"host", ports.All, false}, {"host", ports.N(0), false}, {"host", ports.N(1), true}} {
		p := portal
		p.Instance, p.Port, p.Source = tt.instance, tt.port, netip.Addr{}
		r, err := w.AddSendTargetPortal(t.Context(), p)
		scene.WantCode(t, err, isdsc.Success)
		if r.IPsec.IPsec != tt.want {
			t.Errorf("%q %s: plan %+v", tt.instance, tt.port, r.IPsec)
		}
	}
}

// TestSetLastCounts: a record of the registry goes before one for the time being
// that was set earlier.
func TestSetLastCounts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, persist := range []bool{false, true} {
		i := registry.IKEInfo{ID: "192.0.2.10", Flags: 0x27, Key: scene.PSK("k")}
		if persist {
			i.Flags = 0x37
		}
		scene.WantCode(t, w.SetIKEInfo(t.Context(), i, persist), isdsc.Success)
		got, err := w.IKEInfo(t.Context(), "192.0.2.10", "", ports.All)
		scene.WantCode(t, err, isdsc.Success)
		if got.Flags != i.Flags {
			t.Errorf("flags %s, want %s", got.Flags.Hex(), i.Flags.Hex())
		}
	}
}
