package settle_test

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/host"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/ipsec"
)

// What cannot be applied is a fault: it leaves what was there, and the others go on.
func TestFaults(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	good := map[string]fleet.Login{"l": {Name: "l", User: "u", Secret: "cred:there"}}
	was := []fleet.Portal{at("192.0.2.1", with("l"), flagged(0x3))}
	is := &host.Wanted{Portals: was, Logins: good}
	w.wants(is, 2, 0, 0)
	w.policies("192.0.2.1:3260 0x03")
	const entry = "192.0.2.1:3260 CHAP u cred:there"
	for _, tt := range []struct {
		name   string
		change func(*host.Wanted)
		want   string
	}{
		{"no template", func(is *host.Wanted) { is.Logins = nil }, "its login template l is not there, or cannot be read"},
		{"a secret of the file system", func(is *host.Wanted) {
			is.Logins = map[string]fleet.Login{"l": {User: "u", Secret: "file:/etc/shadow"}}
		}, "login template l: of references to secrets a fleet may have cred:NAME alone"},
		{"a credential of the program itself", func(is *host.Wanted) { is.Logins = map[string]fleet.Login{"l": {User: "u", Secret: "cred:password"}} }, "cred:password is one of discoverd itself"},
		{"one for the target", func(is *host.Wanted) {
			is.Logins = map[string]fleet.Login{"l": {User: "u", Secret: "cred:there", TargetSecret: "cred:key"}}
		}, "cred:key is one of discoverd itself"},
		{"a path", func(is *host.Wanted) { is.Logins = map[string]fleet.Login{"l": {User: "u", Secret: "cred:../x"}} }, "cred:NAME alone"},
		{"the target's of the environment", func(is *host.Wanted) {
			is.Logins = map[string]fleet.Login{"l": {User: "u", Secret: "cred:there", TargetSecret: "env:HOME"}}
		}, "cred:NAME alone"},
		{"a secret that is not here", func(is *host.Wanted) { is.Logins = map[string]fleet.Login{"l": {User: "u", Secret: "cred:other"}} }, "this host cannot have it: "},
		{"no secret", func(is *host.Wanted) { is.Logins = map[string]fleet.Login{"l": {User: "u"}} }, "it has no chap_secret"},
		{"no secret for a target that has one", func(is *host.Wanted) { is.Logins = map[string]fleet.Login{"l": {TargetSecret: "cred:there"}} }, "it has no chap_secret"},
		{"a digest", func(is *host.Wanted) {
			is.Logins = map[string]fleet.Login{"l": {User: "u", Secret: "cred:there", DataDigest: "md5"}}
		}, "a digest is none, crc32c or any"},
		{"off", func(is *host.Wanted) { is.Portals[0].Flags = 1 }, "do not ask for IPsec"},
		{"a name with flags", func(is *host.Wanted) { is.Portals = append(is.Portals, at("array.example", flagged(3))) }, "they need an address"},
		{"a record that cannot be read", func(is *host.Wanted) {
			is.Portals = nil
			is.Faults = []host.Fault{{Key: "k", Of: fleet.Key{Kind: fleet.KindPortal, Entry: initiator.Key{Portal: initiator.Portal{Address: "192.0.2.1", Port: 3260}}}, Err: &fleet.NewerError{Schema: 9}}}
		}, "a newer version wrote it"},
		{"not all was read", func(is *host.Wanted) {
			is.Portals, is.Partial, is.Faults = nil, true, []host.Fault{{Err: errors.New("too many")}}
		}, "too many"},
	} {
		bad := &host.Wanted{Portals: slices.Clone(was), Logins: good}
		tt.change(bad)
		bad.Portals = append(bad.Portals, at("192.0.2.7"))
		r := w.apply(bad)
		if r.Changed != 1 || len(r.Faults) != 1 || !strings.Contains(r.Faults[0].Error(), tt.want) || strings.Contains(r.Faults[0].Error(), "shadow") || !r.Entries.Has(was[0].Key()) {
			t.Errorf("%s: got %+v, want the fault %q", tt.name, r, tt.want)
		}
		w.has(entry, "192.0.2.7:3260")
		w.policies("192.0.2.1:3260 0x03")
		w.wants(is, 1, 0, 0)
	}
}

// Policies of config/ come and go; where a record cannot be read the one of before stays.
func TestConfigPolicies(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	policy := func(selector string, flags ipsec.Flags, hosts ...string) fleet.Policy {
		return fleet.Policy{Schema: 1, Selector: selector, Flags: uint64(flags), Hosts: hosts}
	}
	is := &host.Wanted{
		Portals:  []fleet.Portal{at("192.0.2.1", flagged(0x43))},
		Policies: []fleet.Policy{policy("192.0.2.1/24", 3), policy("tag=7", 3), policy("192.0.2.1:3260", 0x13), policy("198.51.100.0/24", 3, "db*")},
	}
	w.wants(is, 5, 0, 0)
	w.policies("192.0.2.0/24 0x03", "192.0.2.1:3260 0x13", "192.0.2.1:3260 0x43", "tag=7 0x03")
	bad := *is
	bad.Policies = []fleet.Policy{policy("192.0.2.0/24", 1), policy("nonsense", 3), policy("203.0.113.0/24", 3)}
	bad.Faults = []host.Fault{{Of: fleet.Key{Kind: fleet.KindPolicy, Name: "tag=7"}, Err: new(host.ForeignError)}}
	w.wants(&bad, 2, 0, 3) // one comes, one goes
	w.policies("192.0.2.0/24 0x03", "192.0.2.1:3260 0x43", "203.0.113.0/24 0x03", "tag=7 0x03")
	w.wants(new(host.Wanted), 5, 0, 0)
	w.policies()
}

// The flags of a portal and policies of the fleet make a plan stronger, and never weaker,
// whatever the host says: all pairs of flags.
func TestStrengthensOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := at("192.0.2.1")
	key := p.Key()
	plan := func() (ipsec.Plan, error) {
		t.Helper()
		all, _, err := w.ExplainEntry(t.Context(), key)
		if err != nil || len(all) != 1 {
			t.Fatalf("got %+v, %v", all, err)
		}
		return all[0].Plan, all[0].Err
	}
	tunnel := registry.TunnelAddress{Port: ports.All, Destination: netip.MustParseAddr("192.0.2.1"), Outer: netip.MustParseAddr("203.0.113.1")}
	if err := w.SetTunnelModeOuterAddress(t.Context(), tunnel, true); err != nil {
		t.Fatal(err)
	}
	strong := 0
	for local := ipsec.Flags(0); local <= 0x7f; local++ {
		if local != 0 && (!local.Has(ipsec.FlagValid) || local.Validate() != nil) {
			continue
		}
		if err := w.SetDefaultSecurityFlags(t.Context(), local); err != nil {
			t.Fatal(err)
		}
		w.apply(portals(at("192.0.2.1")))
		before, err := plan()
		if err != nil {
			t.Fatal(err)
		}
		for f := ipsec.Flags(3); f <= 0x7f; f++ {
			if !f.Has(ipsec.FlagValid|ipsec.FlagIKE) || f.Validate() != nil {
				continue
			}
			if r := w.apply(portals(at("192.0.2.1", flagged(f)))); len(r.Faults) != 0 {
				t.Fatalf("%s: %v", f.Hex(), r.Faults)
			}
			after, err := plan()
			if err != nil {
				continue // neither includes the other: the portal is not asked
			}
			if strong++; after.WeakerThan(before) || !after.IPsec {
				t.Errorf("local %s, fleet %s: got %s, weaker than %s", local.Hex(), f.Hex(), after, before)
			}
		}
	}
	if strong == 0 {
		t.Error("no plan was made stronger")
	}
}
