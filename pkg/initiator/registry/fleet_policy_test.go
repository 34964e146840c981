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

// validFlags are all flags that are valid, and none at all.
func validFlags() (all []ipsec.Flags) {
	for f := ipsec.Flags(0); f <= 0x7f; f++ {
		if f == 0 || f.Has(ipsec.FlagValid) && f.Validate() == nil {
			all = append(all, f)
		}
	}
	return all
}

// A fleet's policy makes a plan stronger, and never weaker: with all flags of the host, as
// a policy and as the default, against all flags of the fleet. What neither covers is not
// asked.
func TestFleetPolicyStrengthens(t *testing.T) {
	t.Parallel()
	at := netip.MustParseAddrPort(securedPortal)
	e := &scene.FakeEnforcer{Aggressive: true}
	w := newWorld(t, secured(e))
	p := scene.At(at)
	p.IPsec.Gateway = netip.MustParseAddr("203.0.113.1")
	plan := func() (ipsec.Plan, string, error) {
		all, err := w.Explain(t.Context(), p)
		if err != nil || len(all) != 1 {
			t.Fatalf("got %+v, %v", all, err)
		}
		return all[0].Plan, all[0].Plan.Why, all[0].Err
	}
	pairs, refused := 0, 0
	for _, how := range []string{"policy", "default", "flags"} {
		for _, local := range validFlags() {
			set := func(f ipsec.Flags) {
				if how == "flags" {
					p.Security = f
				} else {
					w.sayLocally(how, f)
				}
			}
			set(local)
			before, _, err := plan()
			if err != nil {
				t.Fatalf("%s %s alone: %v", how, local.Hex(), err)
			}
			for _, fleet := range validFlags() {
				if !fleet.Has(ipsec.FlagIKE) {
					continue
				}
				pairs++
				if _, err := w.SetFleetPolicies(t.Context(), "a", []registry.Policy{{Selector: "192.0.2.10", Flags: fleet}}); err != nil {
					t.Fatal(err)
				}
				after, why, err := plan()
				if err != nil {
					refused++
					continue
				}
				if after.WeakerThan(before) || !after.IPsec {
					t.Errorf("%s %s with the fleet's %s: got %s (%s), weaker than %s", how, local.Hex(), fleet.Hex(), after, why, before)
				}
				if !before.IPsec && !strings.Contains(why, "policy 192.0.2.10/32 of fleet a") {
					t.Errorf("%s %s with the fleet's %s: got why %q", how, local.Hex(), fleet.Hex(), why)
				}
			}
			if n, err := w.SetFleetPolicies(t.Context(), "a", nil); n != 1 || err != nil {
				t.Fatalf("got %d, %v", n, err)
			}
			if again, _, err := plan(); err != nil || again.String() != before.String() {
				t.Errorf("%s %s: got %s, %v when the fleet's policy is gone, want %s", how, local.Hex(), again, err, before)
			}
			set(0)
		}
	}
	if pairs == 0 || refused == 0 || refused == pairs {
		t.Errorf("got %d pairs, %d refused", pairs, refused)
	}
}

// sayLocally has the host say flags, as a policy or as the default; 0: nothing.
func (w *world) sayLocally(how string, f ipsec.Flags) {
	w.t.Helper()
	switch {
	case how == "default":
		scene.WantCode(w.t, w.SetDefaultSecurityFlags(w.t.Context(), f), isdsc.Success)
	case f == 0:
		_ = w.RemovePolicy(w.t.Context(), "192.0.2.0/24") // there may be none
	default:
		scene.WantCode(w.t, w.SetPolicy(w.t.Context(), registry.Policy{Selector: "192.0.2.0/24", Flags: f}), isdsc.Success)
	}
}

// Policies of several fleets and two for one selector hold all; what a fleet cannot have
// changes nothing.
func TestSetFleetPolicies(t *testing.T) {
	t.Parallel()
	const transport = ipsec.FlagValid | ipsec.FlagIKE | ipsec.FlagTransport
	w := newWorld(t)
	may := func(want bool) {
		t.Helper()
		if got, err := w.MayUseIPsec(t.Context()); got != want || err != nil {
			t.Errorf("got %t, %v, want %t", got, err, want)
		}
	}
	set := func(fleet string, want int, policies ...registry.Policy) {
		t.Helper()
		if n, err := w.SetFleetPolicies(t.Context(), fleet, policies); n != want || err != nil {
			t.Errorf("got %d changes, %v, want %d", n, err, want)
		}
	}
	may(false)
	two := []registry.Policy{{Selector: "192.0.2.10/24", Flags: transport}, {Selector: "192.0.2.0/24", Flags: transport | ipsec.FlagPFS}}
	set("a", 2, two...)
	set("a", 0, two...)
	set("b", 1, registry.Policy{Selector: "tag=7", Flags: transport})
	may(true)
	for _, bad := range []registry.Policy{
		{Selector: "192.0.2.0/24", Flags: ipsec.FlagValid},
		{Selector: "192.0.2.0/24"},
		{Selector: "192.0.2.0/24", Flags: transport | ipsec.FlagTunnel},
		{Selector: "../../policy/x", Flags: transport},
		{Selector: "", Flags: transport},
	} {
		if n, err := w.SetFleetPolicies(t.Context(), "a", []registry.Policy{bad}); n != 0 || initiator.Code(err) != isdsc.InvalidParameter {
			t.Errorf("%+v: got %d changes, %v", bad, n, err)
		}
	}
	if _, err := w.SetFleetPolicies(t.Context(), "", two); initiator.Code(err) != isdsc.InvalidParameter {
		t.Errorf("got %v", err)
	}
	count := 0
	for p, err := range w.FleetPolicies(t.Context(), "a") {
		if count++; err != nil || p.Selector != "192.0.2.0/24" {
			t.Errorf("got %+v, %v", p, err)
		}
	}
	if count != 2 {
		t.Errorf("got %d policies", count)
	}
	set("a", 2)
	set("b", 1)
	may(false)
}

// A fleet's policy for a portal group is about the portals that are known to be in it.
func TestFleetPolicyOfGroup(t *testing.T) {
	t.Parallel()
	const transport = ipsec.FlagValid | ipsec.FlagIKE | ipsec.FlagTransport | ipsec.FlagMain
	e := &scene.FakeEnforcer{}
	w := newWorld(t, secured(e))
	e.Network = w.network
	lists := w.network.Portal("192.0.2.66:3260", scene.Answers(scene.Pairs("TargetName="+scene.Disk1, "TargetAddress="+securedPortal+",7")))
	_, err := w.AddSendTargetPortal(t.Context(), scene.At(lists))
	scene.WantCode(t, err, isdsc.Success)
	if _, err := w.SetFleetPolicies(t.Context(), "a", []registry.Policy{{Selector: "tag=7", Flags: transport}}); err != nil {
		t.Fatal(err)
	}
	r, err := w.AddSendTargetPortal(t.Context(), scene.At(w.network.Portal(securedPortal, &iscsitest.Target{})))
	scene.WantCode(t, err, isdsc.Success)
	if !r.IPsec.IPsec || !strings.Contains(r.IPsec.Why, "policy tag=7 of fleet a") {
		t.Errorf("got %+v", r.IPsec)
	}
}

// A policy that cannot be read fails the portals that it is for, and says what to do;
// others are asked.
func TestFleetPolicyDamaged(t *testing.T) {
	t.Parallel()
	for _, value := range []string{"{", `{"selector":"192.0.2.10:3260","flags":1}`, `{"selector":"192.0.2.10:3260","flags":"x"}`, `{"selector":"x","flags":3}`} {
		w := newWorld(t)
		asked := w.network.Portal(securedPortal, &iscsitest.Target{})
		other := w.network.Portal("192.0.2.11:3260", &iscsitest.Target{})
		r := registry.Record{Key: "fleet-policy/a/192.0.2.10:3260/0x03", Value: []byte(value)}
		if err := w.store.Apply(t.Context(), registry.Change{Key: r.Key, Version: registry.AnyVersion, Value: r.Value}); err != nil {
			t.Fatal(err)
		}
		if _, err := registry.CheckRecord(r, nil); err == nil {
			t.Errorf("%s: got no error of CheckRecord", value)
		}
		_, err := w.AddSendTargetPortal(t.Context(), scene.At(asked))
		if err == nil || len(w.network.Sessions(asked)) != 0 || !strings.Contains(err.Error(), "; discoverd of fleet a writes the policy for 192.0.2.10:3260 again when it starts") {
			t.Errorf("%s: got %v", value, err)
		}
		_, err = w.AddSendTargetPortal(t.Context(), scene.At(other))
		scene.WantCode(t, err, isdsc.Success)
	}
}

// StoreSendTargetPortal sends nothing, and replaces an entry only where it is told to.
func TestStoreSendTargetPortal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	at := w.network.Portal(securedPortal, &iscsitest.Target{})
	p := scene.At(at)
	store := func(replace, want bool) {
		t.Helper()
		if got, err := w.StoreSendTargetPortal(t.Context(), p, replace); got != want || err != nil {
			t.Errorf("got %t, %v, want %t", got, err, want)
		}
	}
	name := func() (s string) {
		for e, err := range w.SendTargetPortals(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			s += e.Portal.SymbolicName
		}
		return s
	}
	p.Portal.SymbolicName = "first"
	store(false, true)
	p.Portal.SymbolicName = "second"
	store(false, false)
	if got := name(); got != "first" {
		t.Errorf("got %q", got)
	}
	store(true, true)
	if got := name(); got != "second" {
		t.Errorf("got %q", got)
	}
	p.Login.PasswordRef = "cred:x" // without the bits
	if stored, err := w.StoreSendTargetPortal(t.Context(), p, true); stored || initiator.Code(err) != isdsc.Win32InvalidParameter {
		t.Errorf("got %t, %v", stored, err)
	}
	if n := len(w.network.Sessions(at)); n != 0 {
		t.Errorf("got %d sessions", n)
	}
}
