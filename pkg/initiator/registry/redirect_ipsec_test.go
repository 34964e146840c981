package registry_test

import (
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/login"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// TestRedirectKey (issue 13, 3): the portal's own preshared key goes to no other
// host, whatever the redirect policy; what is known of the other host does, and the
// name of the portal is not that of the other.
func TestRedirectKey(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		to       string
		redirect login.RedirectPolicy
		other    string // key of the other host; empty: none
		code     uint32
		key      string // At the last hop
	}{
		{name: "same host", to: "192.0.2.10:3261", key: "own"},
		{name: "another host", to: "192.0.2.11:3260", code: isdsc.TargetPresharedKeyUnavailable, key: "own"},
		{name: "another host with a key", to: "192.0.2.11:3260", other: "of the other", key: "of the other"},
		{name: "another host, allowed", to: "192.0.2.11:3260", redirect: login.RedirectAny, code: isdsc.TargetPresharedKeyUnavailable, key: "own"},
		{name: "another host with a key, allowed", to: "192.0.2.11:3260", redirect: login.RedirectAny, other: "of the other", key: "of the other"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e := &scene.FakeEnforcer{}
			w := newWorld(t, func(cfg *registry.Config) { cfg.Discoverer.Enforcer = e })
			e.Network = w.network
			if tt.other != "" {
				scene.WantCode(t, w.SetIKEInfo(t.Context(), registry.IKEInfo{ID: "192.0.2.11", Key: scene.PSK(tt.other)}, true), isdsc.Success)
			}
			w.network.Portal(tt.to, &iscsitest.Target{})
			p := scene.At(w.network.Portal("192.0.2.10:3260", scene.Sends(tt.to)))
			p.Security, p.IPsec.PSK, p.Login.Redirect = 0x27, scene.PSK("own"), tt.redirect
			r, err := w.AddSendTargetPortal(t.Context(), p)
			scene.WantCode(t, err, tt.code)
			if len(e.Asked) == 0 || !e.Asked[len(e.Asked)-1].PSK.Secret.Equal(scene.PSK(tt.key)) {
				t.Errorf("asked %d times, the last with another key than %q", len(e.Asked), tt.key)
			}
			if err == nil && (r.IPsec.Origin != ipsec.OriginFlags || len(r.Redirects) != 1) {
				t.Errorf("plan %+v, hops %v", r.IPsec, r.Redirects)
			}
		})
	}
}

// TestRedirectPlan: the plan is made anew at each hop, and must not be weaker than
// the one before. A connection in clear text may lead to a protected one.
func TestRedirectPlan(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		first ipsec.Flags // of the portal
		there ipsec.Flags // of the policy where it sends us
		code  uint32
	}{
		{name: "as strong", first: 0x27, there: 0x27},
		{name: "stronger", first: 0x27, there: 0x37},
		{name: "from clear text", first: 0x01, there: 0x27},
		{name: "to clear text", first: 0x27, there: 0x01, code: isdsc.FailedToConfigureIPsec},
		{name: "without PFS", first: 0x37, there: 0x27, code: isdsc.FailedToConfigureIPsec},
		{name: "aggressive", first: 0x27, there: 0x2b, code: isdsc.FailedToConfigureIPsec},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			const there = "192.0.2.11:3260"
			e := &scene.FakeEnforcer{Aggressive: true}
			w := newWorld(t, func(cfg *registry.Config) {
				cfg.Discoverer.Enforcer = e
				cfg.Discoverer.PSK = scene.GroupKey
			})
			e.Network = w.network
			scene.WantCode(t, w.SetPolicy(t.Context(), registry.Policy{Selector: there, Flags: tt.there}), isdsc.Success)
			second := w.network.Portal(there, &iscsitest.Target{})
			p := scene.At(w.network.Portal("192.0.2.10:3260", scene.Sends(there)))
			p.Security = tt.first
			_, err := w.AddSendTargetPortal(t.Context(), p)
			scene.WantCode(t, err, tt.code)
			if asked := len(w.network.Sessions(second)) > 0; asked != (tt.code == isdsc.Success) {
				t.Errorf("asked there: %t", asked)
			}
		})
	}
}

// TestRedirectKeyOfAddress (issue 13, 3): a key that is stored for the address of a
// portal is not used with the host that the portal sends us to.
func TestRedirectKeyOfAddress(t *testing.T) {
	t.Parallel()
	for _, named := range []bool{false, true} {
		e := &scene.FakeEnforcer{}
		w := newWorld(t, func(cfg *registry.Config) {
			cfg.Discoverer.Enforcer, cfg.Discoverer.Redirect = e, login.RedirectAny
			cfg.Discoverer.Lookup = scene.Lookup("192.0.2.10")
		})
		e.Network = w.network
		id := "192.0.2.10"
		if named {
			id = "array.example"
		}
		scene.WantCode(t, w.SetIKEInfo(t.Context(), registry.IKEInfo{ID: id, Key: scene.PSK("of the portal")}, true), isdsc.Success)
		w.network.Portal("192.0.2.66:3260", &iscsitest.Target{})
		p := scene.At(w.network.Portal("192.0.2.10:3260", scene.Sends("192.0.2.66:3260")))
		if named {
			p.Portal.Address = "array.example"
		}
		p.Security = 0x27
		_, err := w.AddSendTargetPortal(t.Context(), p)
		scene.WantCode(t, err, isdsc.TargetPresharedKeyUnavailable)
		for _, s := range e.Asked {
			if s.Portal.Addr().String() == "192.0.2.66" {
				t.Errorf("named %t: asked with the key of another host", named)
			}
		}
	}
}

// TestRedirectToProtected: a portal of the registry whose entry, or whose key, asks for
// IPsec is not asked in clear text since another portal sends us there, neither by a
// Service nor by a Discoverer under its rules.
func TestRedirectToProtected(t *testing.T) {
	t.Parallel()
	const there = "192.0.2.11:3260"
	for _, byKey := range []bool{false, true} {
		for _, byRules := range []bool{false, true} {
			e := &scene.FakeEnforcer{}
			w := newWorld(t, func(cfg *registry.Config) {
				cfg.Discoverer.Enforcer, cfg.Discoverer.PSK = e, scene.GroupKey
			})
			e.Network = w.network
			protected := scene.At(w.network.Portal(there, &iscsitest.Target{}, &iscsitest.Target{}))
			if byKey {
				scene.WantCode(t, w.SetIKEInfo(t.Context(), registry.IKEInfo{ID: "192.0.2.11", Key: scene.PSK("of it"), Flags: 0x27}, true), isdsc.Success)
			} else {
				protected.Security = 0x27
				_, err := w.AddSendTargetPortal(t.Context(), protected)
				scene.WantCode(t, err, isdsc.Success)
			}
			p := scene.At(w.network.Portal("192.0.2.10:3260", scene.Sends(there)))
			p.Security = 0x01
			var r initiator.Result
			if byRules {
				rules, err := w.Rules(t.Context())
				scene.WantCode(t, err, isdsc.Success)
				selector, err := w.Selector(t.Context(), false)
				scene.WantCode(t, err, isdsc.Success)
				d := initiator.Discoverer{InitiatorName: scene.InitiatorName, Dial: w.network.Dial, Selector: selector, Enforcer: e, PSK: scene.GroupKey, Rules: rules}
				r, _ = d.Discover(t.Context(), p)
			} else {
				r, _ = w.AddSendTargetPortal(t.Context(), p)
			}
			scene.WantCode(t, r.Err, isdsc.Success)
			if !r.IPsec.IPsec {
				t.Errorf("by a key %t, by rules %t: asked under %+v", byKey, byRules, r.IPsec)
			}
		}
	}
}
