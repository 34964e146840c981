package registry_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// TestGroupPolicy (issue 13, 2): which groups a portal is in, any portal may say. A
// rule for a group makes a plan stronger, never weaker, and where neither is the
// weaker the portal is not asked.
func TestGroupPolicy(t *testing.T) {
	t.Parallel()
	const (
		transport  = ipsec.FlagValid | ipsec.FlagIKE | ipsec.FlagTransport | ipsec.FlagMain
		tunnel     = ipsec.FlagValid | ipsec.FlagIKE | ipsec.FlagTunnel | ipsec.FlagMain
		aggressive = ipsec.FlagValid | ipsec.FlagIKE | ipsec.FlagTransport | ipsec.FlagAggressive
		off        = ipsec.FlagValid
	)
	for _, tt := range []struct {
		name   string
		flags  ipsec.Flags // of the portal
		rule   ipsec.Flags // of a policy for its address; 0: none
		group  ipsec.Flags // of the policy for the group that a liar puts it in
		want   ipsec.Flags // that decide
		origin ipsec.Origin
		code   uint32
	}{
		{name: "none, group", group: transport, want: transport, origin: ipsec.OriginExisting},
		{name: "off, group", flags: off, group: transport, want: transport, origin: ipsec.OriginExisting},
		{name: "policy off, group", rule: off, group: transport, want: transport, origin: ipsec.OriginExisting},
		{name: "PFS more", flags: transport, group: transport | ipsec.FlagPFS, want: transport | ipsec.FlagPFS, origin: ipsec.OriginExisting},
		{name: "PFS less", flags: transport | ipsec.FlagPFS, group: transport, want: transport | ipsec.FlagPFS, origin: ipsec.OriginFlags},
		{name: "PFS less than a policy's", rule: transport | ipsec.FlagPFS, group: transport, want: transport | ipsec.FlagPFS, origin: ipsec.OriginExisting},
		{name: "aggressive", flags: transport, group: aggressive, want: transport, origin: ipsec.OriginFlags},
		{name: "main", flags: aggressive, group: transport, want: transport, origin: ipsec.OriginExisting},
		{name: "the same", flags: transport, group: transport, want: transport, origin: ipsec.OriginFlags},
		{name: "another mode", flags: transport, group: tunnel, code: isdsc.FailedToConfigureIPsec},
		{name: "aggressive with PFS", flags: transport, group: aggressive | ipsec.FlagPFS, code: isdsc.FailedToConfigureIPsec},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			const victim = "192.0.2.10:3260"
			e := &scene.FakeEnforcer{Aggressive: true}
			w := newWorld(t, func(cfg *registry.Config) {
				cfg.Discoverer.Enforcer, cfg.Discoverer.PSK = e, scene.GroupKey
			})
			e.Network = w.network
			asked := w.network.Portal(victim, &iscsitest.Target{})
			// The liar lists the victim in group 7, before there is any rule.
			liar := w.network.Portal("192.0.2.66:3260", scene.Answers(scene.Pairs("TargetName="+scene.Disk1, "TargetAddress="+victim+",7")))
			_, err := w.AddSendTargetPortal(t.Context(), scene.At(liar))
			scene.WantCode(t, err, isdsc.Success)
			if tt.rule != 0 {
				scene.WantCode(t, w.SetPolicy(t.Context(), registry.Policy{Selector: victim, Flags: tt.rule}), isdsc.Success)
			}
			scene.WantCode(t, w.SetPolicy(t.Context(), registry.Policy{Selector: "tag=7", Flags: tt.group}), isdsc.Success)
			p := scene.At(asked)
			p.Security, p.IPsec.Gateway = tt.flags, netip.MustParseAddr("203.0.113.1")
			r, err := w.AddSendTargetPortal(t.Context(), p)
			scene.WantCode(t, err, tt.code)
			if tt.code == isdsc.Success && (r.IPsec.Flags != tt.want || r.IPsec.Origin != tt.origin) {
				t.Errorf("plan %+v", r.IPsec)
			}
			if tt.code != isdsc.Success && (len(w.network.Sessions(asked)) > 0 || !strings.Contains(err.Error(), "neither plan includes the other")) {
				t.Errorf("%d sessions, error %v", len(w.network.Sessions(asked)), err)
			}
		})
	}
}

// TestGroupPolicyOff (issue 13, 2): a rule for a group does not say off. One that an
// earlier version has stored is ignored, with a warning.
func TestGroupPolicyOff(t *testing.T) {
	t.Parallel()
	e := &scene.FakeEnforcer{}
	w := newWorld(t, func(cfg *registry.Config) {
		cfg.Discoverer.Enforcer, cfg.Discoverer.PSK = e, scene.GroupKey
	})
	e.Network = w.network
	scene.WantCode(t, w.SetPolicy(t.Context(), registry.Policy{Selector: "tag=7", Flags: ipsec.FlagValid}), isdsc.InvalidParameter)
	err := w.store.Apply(t.Context(), registry.Change{Key: "policy/tag=7", Version: registry.AnyVersion, Value: []byte(`{"selector":"tag=7","flags":1}`)})
	if err != nil {
		t.Fatal(err)
	}
	p := scene.At(w.network.Portal("192.0.2.10:3260", scene.Answers(scene.Pairs("TargetName="+scene.Disk1, "TargetAddress=192.0.2.10:3260,7"))))
	p.Security = 0x27
	for range 2 {
		r, err := w.AddSendTargetPortal(t.Context(), p)
		scene.WantCode(t, err, isdsc.Success)
		if !r.IPsec.IPsec {
			t.Errorf("plan %+v", r.IPsec)
		}
		p = r.Asked
		p.Security = 0x27
		if r.Targets != nil && scene.Warned(r, initiator.WarnGroupPolicy) > 1 {
			t.Errorf("warnings %v", r.Warnings)
		}
	}
	r, err := w.RefreshSendTargetPortal(t.Context(), p.Key())
	if scene.WantCode(t, err, isdsc.Success); scene.Warned(r, initiator.WarnGroupPolicy) != 1 {
		t.Errorf("warnings %v", r.Warnings)
	}
}
