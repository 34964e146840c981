package initiator_test

import (
	"testing"

	"github.com/go-iscsi/discovery/internal/iscsitest"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/ipsec"
)

// TestRedirectKey (issue 13, 3): the portal's own preshared key goes to no other
// host, whatever the redirect policy; what is known of the other host does, and the
// name of the portal is not that of the other.
func TestRedirectKey(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		to       string
		redirect initiator.RedirectPolicy
		other    string // key of the other host; empty: none
		code     uint32
		key      string // at the last hop
	}{
		{name: "same host", to: "192.0.2.10:3261", key: "own"},
		{name: "another host", to: "192.0.2.11:3260", code: initiator.CodeTargetPresharedKeyUnavailable, key: "own"},
		{name: "another host with a key", to: "192.0.2.11:3260", other: "of the other", key: "of the other"},
		{name: "another host, allowed", to: "192.0.2.11:3260", redirect: initiator.RedirectAny, code: initiator.CodeTargetPresharedKeyUnavailable, key: "own"},
		{name: "another host with a key, allowed", to: "192.0.2.11:3260", redirect: initiator.RedirectAny, other: "of the other", key: "of the other"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e := &fakeEnforcer{}
			w := newWorld(t, func(cfg *initiator.Config) { cfg.Discoverer.Enforcer = e })
			e.network = w.network
			if tt.other != "" {
				wantCode(t, w.SetIKEInfo(t.Context(), initiator.IKEInfo{ID: "192.0.2.11", Key: psk(tt.other)}, true), initiator.CodeSuccess)
			}
			w.network.Portal(tt.to, &iscsitest.Target{})
			p := at(w.network.Portal("192.0.2.10:3260", sends(tt.to)))
			p.Security, p.IPsec.Key, p.Login.Redirect = 0x27, psk("own"), tt.redirect
			r, err := w.AddSendTargetPortal(t.Context(), p)
			wantCode(t, err, tt.code)
			if len(e.asked) == 0 || !e.asked[len(e.asked)-1].Key.Secret.Equal(psk(tt.key)) {
				t.Errorf("asked %d times, the last with another key than %q", len(e.asked), tt.key)
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
		{name: "to clear text", first: 0x27, there: 0x01, code: initiator.CodeFailedToConfigureIPsec},
		{name: "without PFS", first: 0x37, there: 0x27, code: initiator.CodeFailedToConfigureIPsec},
		{name: "aggressive", first: 0x27, there: 0x2b, code: initiator.CodeFailedToConfigureIPsec},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			const there = "192.0.2.11:3260"
			e := &fakeEnforcer{aggressive: true}
			w := newWorld(t, func(cfg *initiator.Config) {
				cfg.Discoverer.Enforcer = e
				cfg.Discoverer.Key = groupKey
			})
			e.network = w.network
			wantCode(t, w.SetPolicy(t.Context(), initiator.Policy{Selector: there, Flags: tt.there}), initiator.CodeSuccess)
			second := w.network.Portal(there, &iscsitest.Target{})
			p := at(w.network.Portal("192.0.2.10:3260", sends(there)))
			p.Security = tt.first
			_, err := w.AddSendTargetPortal(t.Context(), p)
			wantCode(t, err, tt.code)
			if asked := len(w.network.Sessions(second)) > 0; asked != (tt.code == initiator.CodeSuccess) {
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
		e := &fakeEnforcer{}
		w := newWorld(t, func(cfg *initiator.Config) {
			cfg.Discoverer.Enforcer, cfg.Discoverer.Redirect = e, initiator.RedirectAny
			cfg.Discoverer.Lookup = lookup("192.0.2.10")
		})
		e.network = w.network
		id := "192.0.2.10"
		if named {
			id = "array.example"
		}
		wantCode(t, w.SetIKEInfo(t.Context(), initiator.IKEInfo{ID: id, Key: psk("of the portal")}, true), initiator.CodeSuccess)
		w.network.Portal("192.0.2.66:3260", &iscsitest.Target{})
		p := at(w.network.Portal("192.0.2.10:3260", sends("192.0.2.66:3260")))
		if named {
			p.Portal.Address = "array.example"
		}
		p.Security = 0x27
		_, err := w.AddSendTargetPortal(t.Context(), p)
		wantCode(t, err, initiator.CodeTargetPresharedKeyUnavailable)
		for _, s := range e.asked {
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
			e := &fakeEnforcer{}
			w := newWorld(t, func(cfg *initiator.Config) {
				cfg.Discoverer.Enforcer, cfg.Discoverer.Key = e, groupKey
			})
			e.network = w.network
			protected := at(w.network.Portal(there, &iscsitest.Target{}, &iscsitest.Target{}))
			if byKey {
				wantCode(t, w.SetIKEInfo(t.Context(), initiator.IKEInfo{ID: "192.0.2.11", Key: psk("of it"), Flags: 0x27}, true), initiator.CodeSuccess)
			} else {
				protected.Security = 0x27
				_, err := w.AddSendTargetPortal(t.Context(), protected)
				wantCode(t, err, initiator.CodeSuccess)
			}
			p := at(w.network.Portal("192.0.2.10:3260", sends(there)))
			p.Security = 0x01
			var r initiator.Result
			if byRules {
				rules, err := w.Rules(t.Context())
				wantCode(t, err, initiator.CodeSuccess)
				selector, err := w.Selector(t.Context(), false)
				wantCode(t, err, initiator.CodeSuccess)
				d := initiator.Discoverer{InitiatorName: initiatorName, Dial: w.network.Dial, Ports: selector, Enforcer: e, Key: groupKey, Rules: rules}
				r, _ = d.Discover(t.Context(), p)
			} else {
				r, _ = w.AddSendTargetPortal(t.Context(), p)
			}
			wantCode(t, r.Err, initiator.CodeSuccess)
			if !r.IPsec.IPsec {
				t.Errorf("by a key %t, by rules %t: asked under %+v", byKey, byRules, r.IPsec)
			}
		}
	}
}
