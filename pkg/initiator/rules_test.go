package initiator_test

import (
	"context"
	"net/netip"
	"testing"

	"github.com/go-iscsi/discovery/internal/iscsitest"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
)

// TestRules (issue 13, 6): rules hold for the portals of a Discoverer, are those of the
// moment when they were read, and go before what the Discoverer knows itself.
func TestRules(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.network.Portal("192.0.2.10:3260", &iscsitest.Target{})
	w.network.Portal("192.0.2.11:3260", &iscsitest.Target{})
	for _, persist := range []bool{true, false} { // also what ends with the Service
		id := map[bool]string{true: "192.0.2.10", false: "192.0.2.11"}[persist]
		wantCode(t, w.SetIKEInfo(t.Context(), initiator.IKEInfo{ID: id, Key: psk("of " + id)}, persist), isdsc.Success)
		tunnel := initiator.TunnelAddress{Destination: netip.MustParseAddr(id), Outer: netip.MustParseAddr("203.0.113.1")}
		wantCode(t, w.SetTunnelModeOuterAddress(t.Context(), tunnel, persist), isdsc.Success)
	}
	wantCode(t, w.SetPolicy(t.Context(), initiator.Policy{Selector: "192.0.2.0/24", Flags: 0x47}), isdsc.Success)
	rules, err := w.Rules(t.Context())
	wantCode(t, err, isdsc.Success)
	wantCode(t, w.RemovePolicy(t.Context(), "192.0.2.0/24"), isdsc.Success) // too late

	e := &fakeEnforcer{network: w.network}
	d := &initiator.Discoverer{
		InitiatorName: initiatorName, Dial: w.network.Dial, Enforcer: e, Rules: rules,
		Key: func(context.Context, ports.Port, enforce.Peer) (enforce.PSK, bool, error) {
			return enforce.PSK{Secret: psk("the Discoverer's")}, true, nil
		},
	}
	for _, tt := range []struct{ address, key string }{{"192.0.2.10", "the Discoverer's"}, {"192.0.2.11", "the Discoverer's"}} {
		e.asked = nil
		_, err := d.Discover(t.Context(), at(netip.MustParseAddrPort(tt.address+":3260")))
		wantCode(t, err, isdsc.Success)
		// The peer is the gateway, for which the registry has no key.
		if len(e.asked) != 1 || !e.asked[0].Key.Secret.Equal(psk(tt.key)) || e.asked[0].Outer != netip.MustParseAddr("203.0.113.1") {
			t.Errorf("%s: asked %+v", tt.address, e.asked)
		}
		p := at(netip.MustParseAddrPort(tt.address + ":3260"))
		p.IPsec.PeerID = tt.address // so it has
		e.asked = nil
		_, err = d.Discover(t.Context(), p)
		wantCode(t, err, isdsc.Success)
		if len(e.asked) != 1 || !e.asked[0].Key.Secret.Equal(psk("of "+tt.address)) {
			t.Errorf("%s: asked %+v", tt.address, e.asked)
		}
	}
}

// TestRulesDamaged (issue 13, 6): a rule that cannot be read fails portals, rather than
// to let them be asked without it.
func TestRulesDamaged(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"policy/x", "psk/192.0.2.10//4294967295", "bitmap/192.0.2.10/03260/x", "setting/default-security-flags"} {
		var store initiator.Store
		w := newWorld(t, func(cfg *initiator.Config) { store = cfg.Store })
		w.network.Portal("192.0.2.10:3260", &iscsitest.Target{})
		if err := store.Apply(t.Context(), initiator.Change{Key: key, Version: initiator.AnyVersion, Value: []byte("{")}); err != nil {
			t.Fatal(err)
		}
		rules, err := w.Rules(t.Context())
		wantCode(t, err, isdsc.Success)
		d := &initiator.Discoverer{InitiatorName: initiatorName, Dial: w.network.Dial, Rules: rules, NothingExists: true}
		r, err := d.Discover(t.Context(), at(netip.MustParseAddrPort("192.0.2.10:3260")))
		if err == nil || len(r.Targets) > 0 || len(w.network.Dials()) > 0 {
			t.Errorf("%s: got %v, and %d connections", key, err, len(w.network.Dials()))
		}
	}
}
