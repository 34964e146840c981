package registry_test

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/login"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// TestProbeIPsec: a probe is made under the plan for its address, or not at all,
// and never in clear text where the plan protects.
func TestProbeIPsec(t *testing.T) {
	t.Parallel()
	const there = "192.0.2.11:3260"
	tests := []struct {
		name     string
		flags    ipsec.Flags // of the portal
		required bool        // IPsec, by its login options
		ownKey   bool        // the portal has a key of its own, and there is none else
		redirect login.RedirectPolicy
		policy   ipsec.Flags // for the address; 0: none
		earlier  ipsec.Flags // that a portal of the address was added with; 0: none
		none     bool        // nothing enforces
		noBytes  bool        // nothing is protected at the address
		reach    string
		plain    bool // the connection there was in clear text
		why      string
	}{
		{name: "clear text", reach: "reachable", plain: true},
		{name: "clear text, and nothing enforces", none: true, reach: "reachable", plain: true},
		{name: "as the portal", flags: 0x27, reach: "reachable"},
		{name: "a policy for the address", policy: 0x27, reach: "reachable"},
		{name: "a policy for the address, and nothing enforces", policy: 0x27, none: true, reach: "not tried", why: "nothing on this host can set it up"},
		{name: "a policy against it", flags: 0x27, policy: 0x01, reach: "not tried", why: "the address would have less protection than the portal"},
		{name: "a policy for less", flags: 0x37, policy: 0x27, reach: "not tried", why: "the address would have less protection than the portal"},
		{name: "a policy for more", flags: 0x27, policy: 0x37, reach: "reachable"},
		{name: "defined before", earlier: 0x27, reach: "reachable"},
		{name: "defined before, flags of the portal against", flags: 0x01, earlier: 0x27, reach: "reachable"},
		{name: "defined before, and nothing enforces", earlier: 0x27, none: true, reach: "not tried", why: "nothing on this host can set it up"},
		{name: "less defined before", flags: 0x37, earlier: 0x27, reach: "reachable"},
		{name: "its own key stays", flags: 0x27, ownKey: true, reach: "not tried", why: "no preshared key for 192.0.2.11 or for all peers; the portal's own key is used only for the host that it was given for"},
		{name: "its own key stays, whatever the policy", flags: 0x27, ownKey: true, redirect: login.RedirectAny, reach: "not tried", why: "the portal's own key is used only for the host that it was given for"},
		{name: "no proof", flags: 0x27, noBytes: true, reach: "not tried", why: "not one byte was protected"},
		{name: "required", flags: 0x27, required: true, reach: "reachable"},
	}
	for _, tt := range tests {
		for _, kind := range []initiator.ProbeKind{initiator.ProbeTCP, initiator.ProbeLogin} {
			t.Run(tt.name+", "+kind.String(), func(t *testing.T) {
				t.Parallel()
				e := &scene.FakeEnforcer{}
				w := newWorld(t, func(cfg *registry.Config) {
					if !tt.none {
						cfg.Discoverer.Enforcer = e
					}
				})
				e.Network = w.network
				if !tt.ownKey {
					scene.WantCode(t, w.SetIKEInfo(t.Context(), registry.IKEInfo{ID: ipsec.GroupID, Key: scene.PSK("of all")}, true), isdsc.Success)
				}
				if tt.earlier != 0 {
					p := scene.At(netip.MustParseAddrPort(there))
					p.Security = tt.earlier
					_, _ = w.AddSendTargetPortal(t.Context(), p) // no target listens yet
				}
				if tt.policy != 0 {
					scene.WantCode(t, w.SetPolicy(t.Context(), registry.Policy{Selector: there, Flags: tt.policy}), isdsc.Success)
				}
				other := w.network.Portal(there, &iscsitest.Target{})
				p := scene.At(w.network.Portal("192.0.2.10:3260", scene.Showing(there+",1")))
				p.Security, p.Login.Redirect = tt.flags, tt.redirect
				if tt.required {
					p.Login.Flags = login.RequireIPsec
				}
				if tt.ownKey {
					p.IPsec.PSK = scene.PSK("own")
				}
				r, err := w.AddSendTargetPortal(t.Context(), p)
				scene.WantCode(t, err, isdsc.Success)
				e.Asked, e.NoBytes = nil, tt.noBytes
				w.NewProber(kind).ProbeTargets(t.Context(), &r)
				if got := r.Targets[0].Addresses[0].Reach.String(); got != tt.reach {
					t.Errorf("got %q, want %q; %v", got, tt.reach, r.Warnings)
				}
				if got := scene.Warnings(&r, initiator.WarnNotTried); (got == "") != (tt.why == "") || !strings.Contains(got, tt.why) {
					t.Errorf("got warning %q, want one with %q", got, tt.why)
				}
				connected, protected := len(w.network.Sessions(other)) > 0, slices.Contains(e.Protected(), there)
				if connected && protected == tt.plain {
					t.Errorf("connected under protection: %t", protected)
				}
				if !connected && tt.reach == "reachable" {
					t.Error("no connection was made")
				}
				if tt.reach == "not tried" && !tt.noBytes && connected {
					t.Error("a connection was made all the same")
				}
			})
		}
	}
}

// TestServiceProber: a portal of the registry is probed with the secrets of its
// entry, which its result does not have; nothing of a probe is stored.
func TestServiceProber(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	asked := &iscsitest.Target{User: scene.CHAPUser, Secret: scene.CHAPSecret, Records: scene.Showing("192.0.2.10:3261,1", "192.0.2.2:3260,1", "198.51.100.2:3260,1").Records}
	p := scene.WithCHAP(scene.At(w.network.Portal("192.0.2.10:3260", asked)), scene.CHAPUser, scene.CHAPSecret)
	there := w.network.Portal("192.0.2.10:3261", &iscsitest.Target{User: scene.CHAPUser, Secret: scene.CHAPSecret})
	r, err := w.AddSendTargetPortal(t.Context(), p)
	scene.WantCode(t, err, isdsc.Success)
	if !r.Asked.Login.Password.IsZero() {
		t.Fatal("the result has the secret")
	}
	w.NewProber(initiator.ProbeLogin).ProbeTargets(t.Context(), &r)
	if got := r.Targets[0].Addresses[0].Reach; got != target.Reachable {
		t.Errorf("got %v: %v", got, r.Warnings)
	}
	if _, sent := w.network.Sessions(there)[0].Key("CHAP_R"); !sent {
		t.Error("it was not logged in to with CHAP")
	}
	scene.WantWarnings(t, &r, initiator.WarnNotTried, "192.0.2.2:3260, 198.51.100.2:3260 were not tried: an address of this host")
	for _, known := range w.targets() {
		for _, m := range known.Mechanisms {
			for _, a := range m.Addresses {
				if a.Reach != target.NotProbed {
					t.Errorf("stored %v of %s", a.Reach, a)
				}
			}
		}
	}
}

// TestServiceProberBroken: where the entry cannot be read any more, nothing is
// tried.
func TestServiceProberBroken(t *testing.T) {
	t.Parallel()
	broken := false
	w := newWorld(t, func(cfg *registry.Config) {
		cfg.Secrets = func(context.Context, string) (secret auth.Secret, err error) {
			if broken {
				return secret, errors.New("the file is gone")
			}
			return scene.PSK(scene.CHAPSecret), nil
		}
	})
	asked := &iscsitest.Target{User: scene.CHAPUser, Secret: scene.CHAPSecret, Records: scene.Showing("192.0.2.11:3260,1").Records}
	p := scene.WithCHAP(scene.At(w.network.Portal("192.0.2.10:3260", asked)), scene.CHAPUser, scene.CHAPSecret)
	p.Login.PasswordRef = "file:/secret"
	r, err := w.AddSendTargetPortal(t.Context(), p)
	scene.WantCode(t, err, isdsc.Success)
	broken = true
	w.NewProber(initiator.ProbeTCP).ProbeTargets(t.Context(), &r)
	if r.Targets[0].Addresses[0].Reach != target.NotTried || len(w.network.Dials()) != 1 {
		t.Errorf("got %+v, dials %v", r.Targets, w.network.Dials())
	}
	scene.WantWarnings(t, &r, initiator.WarnNotTried, "192.0.2.11:3260 was not tried: secret: the file is gone")
}
