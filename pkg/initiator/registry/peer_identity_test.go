package registry_test

import (
	"net/netip"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/login"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// TestPeerIdentity (issue 13, 30, 33 and 42): which stored key goes with which
// identities. A key of the identity that the portal gives for its peer comes first,
// then that of its address, then one of the identity that we use, then that for all.
func TestPeerIdentity(t *testing.T) {
	t.Parallel()
	e := &scene.FakeEnforcer{}
	w := newWorld(t, func(cfg *registry.Config) { cfg.Discoverer.Enforcer = e })
	e.Network = w.network
	w.network.Portal("192.0.2.10:3260", &iscsitest.Target{})
	w.network.Portal("192.0.2.11:3260", &iscsitest.Target{})
	source := "192.0.2.2" // of the world
	for id, key := range map[string]string{
		"Array@Example.com": "of the user", "array.example": "of the name", "192.0.2.10": "of ten",
		"host1@example.com": "of our identity", source: "of our address", ipsec.GroupID: "for all",
	} {
		scene.WantCode(t, w.SetIKEInfo(t.Context(), registry.IKEInfo{ID: id, Key: scene.PSK(key)}, true), isdsc.Success)
	}
	for _, tt := range []struct {
		name, address string
		own           string
		o             initiator.IPsecOptions
		key           string
		local, remote string
		proposals     string
	}{
		{name: "user@domain", address: "192.0.2.11", o: initiator.IPsecOptions{PeerID: "array@example.com"}, key: "of the user", remote: "array@example.com"},
		{name: "before the address", address: "192.0.2.10", o: initiator.IPsecOptions{PeerID: "ARRAY.example"}, key: "of the name", remote: "ARRAY.example"},
		{name: "without a key of its own", address: "192.0.2.10", o: initiator.IPsecOptions{PeerID: "other.example"}, key: "of ten", remote: "other.example"},
		{name: "with the portal's key", address: "192.0.2.10", own: "the portal's", o: initiator.IPsecOptions{PeerID: "other.example"}, key: "the portal's", remote: "other.example"},
		{name: "the address", address: "192.0.2.10", key: "of ten", remote: "192.0.2.10"},
		{name: "our identity", address: "192.0.2.11", o: initiator.IPsecOptions{LocalID: "Host1@example.com"}, key: "of our identity", local: "Host1@example.com"},
		{name: "the peer's before ours", address: "192.0.2.10", o: initiator.IPsecOptions{LocalID: "host1@example.com"}, key: "of ten", local: "host1@example.com", remote: "192.0.2.10"},
		{name: "our address", address: "192.0.2.11", key: "of our address", local: source},
		{name: "another identity of ours", address: "192.0.2.11", o: initiator.IPsecOptions{LocalID: "host2.example"}, key: "for all", local: "host2.example"},
		{name: "proposals", address: "192.0.2.10", o: initiator.IPsecOptions{Proposals: "3des-sha1-modp1024"}, key: "of ten", remote: "192.0.2.10", proposals: "3des-sha1-modp1024"},
	} {
		e.Asked = nil
		p := scene.At(netip.MustParseAddrPort(tt.address + ":3260"))
		p.Security, p.IPsec = 0x27, tt.o
		p.IPsec.PSK = scene.PSK(tt.own)
		_, err := w.AddSendTargetPortal(t.Context(), p)
		scene.WantCode(t, err, isdsc.Success)
		// What the registry has asks alike.
		_, err = w.RefreshSendTargetPortal(t.Context(), p.Key())
		scene.WantCode(t, err, isdsc.Success)
		if len(e.Asked) != 2 {
			t.Fatalf("%s: %d connections", tt.name, len(e.Asked))
		}
		for _, got := range e.Asked {
			if !got.PSK.Secret.Equal(scene.PSK(tt.key)) || got.PSK.Local != tt.local || got.PSK.Remote != tt.remote || got.Proposals != tt.proposals {
				t.Errorf("%s: got the key %q, from %q to %q, %q; want %q, from %q to %q", tt.name, got.PSK.Secret.Reveal(), got.PSK.Local, got.PSK.Remote, got.Proposals, tt.key, tt.local, tt.remote)
			}
		}
	}
}

// TestPeerIdentityFlags (issue 13, 42): flags that came with the key of an identity
// are those of a portal whose peer has that identity.
func TestPeerIdentityFlags(t *testing.T) {
	t.Parallel()
	e := &scene.FakeEnforcer{}
	w := newWorld(t, func(cfg *registry.Config) { cfg.Discoverer.Enforcer = e })
	e.Network = w.network
	p := scene.At(w.network.Portal("192.0.2.10:3260", &iscsitest.Target{}))
	p.IPsec.PeerID = "array@example.com"
	scene.WantCode(t, w.SetIKEInfo(t.Context(), registry.IKEInfo{ID: "Array@example.com", Key: scene.PSK("k"), Flags: 0x37}, true), isdsc.Success)
	r, err := w.AddSendTargetPortal(t.Context(), p)
	scene.WantCode(t, err, isdsc.Success)
	if !r.IPsec.PFS {
		t.Errorf("got %+v, want the flags of the key", r.IPsec)
	}
}

// TestPeerIdentityElsewhere (issue 13, 30): a portal that sends us to another host
// does not take its identity, nor the key of that, along.
func TestPeerIdentityElsewhere(t *testing.T) {
	t.Parallel()
	e := &scene.FakeEnforcer{}
	w := newWorld(t, func(cfg *registry.Config) { cfg.Discoverer.Enforcer = e })
	e.Network = w.network
	p := scene.At(w.network.Portal("192.0.2.10:3260", &iscsitest.Target{Redirect: "192.0.2.66:3260"}))
	w.network.Portal("192.0.2.66:3260", &iscsitest.Target{})
	p.Security, p.IPsec.PeerID, p.Login.Redirect = 0x27, "array@example.com", login.RedirectAny
	for id, key := range map[string]string{"array@example.com": "of the user", ipsec.GroupID: "for all"} {
		scene.WantCode(t, w.SetIKEInfo(t.Context(), registry.IKEInfo{ID: id, Key: scene.PSK(key)}, true), isdsc.Success)
	}
	_, err := w.AddSendTargetPortal(t.Context(), p)
	scene.WantCode(t, err, isdsc.Success)
	if len(e.Asked) != 2 {
		t.Fatalf("%d connections", len(e.Asked))
	}
	for i, want := range []string{"of the user", "for all"} {
		if got := e.Asked[i].PSK; !got.Secret.Equal(scene.PSK(want)) || (got.Remote != "") != (i == 0) {
			t.Errorf("connection %d: got the key %q, to %q; want %q", i+1, got.Secret.Reveal(), got.Remote, want)
		}
	}
}
