package settle_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/host"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/settle"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/initiator/login"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/memstore"
	"github.com/go-iscsi/discovery/pkg/ipsec"
)

// errPower is the end of a store in the middle.
var errPower = errors.New("power failure")

// A store counts changes, and fails from one on.
type store struct {
	memstore.Store
	applies int
	fails   int // the number of the Apply that fails, with all after it; 0: none
}

func (s *store) Apply(ctx context.Context, changes ...registry.Change) error {
	if s.applies++; s.fails > 0 && s.applies >= s.fails {
		return errPower
	}
	return s.Store.Apply(ctx, changes...)
}

// A world is the registry of host web1 in fleet f.
type world struct {
	*testing.T
	*registry.Service
	store *store
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{T: t, store: new(store)}
	w.open()
	return w
}

// open opens the registry again.
func (w *world) open() {
	s, err := registry.Open(registry.Config{
		Store: w.store,
		Discoverer: &initiator.Discoverer{
			InitiatorName: "iqn.2026-11.com.example:host", NothingExists: true,
			Enforcer: &scene.FakeEnforcer{Aggressive: true}, PSK: scene.GroupKey,
		},
		Secrets: func(_ context.Context, ref string) (auth.Secret, error) {
			if ref != "cred:there" && ref != "cred:target" {
				return auth.Secret{}, errors.New("there is no such credential")
			}
			return auth.NewSecret([]byte("secret of " + ref)), nil
		},
		Addresses: func() ([]ports.Address, error) {
			return []ports.Address{{Addr: netip.MustParseAddr("192.0.2.2"), Interface: "eth0", Up: true}}, nil
		},
	})
	if err != nil {
		w.Fatal(err)
	}
	w.Service = s
}

// apply applies what is wanted.
func (w *world) apply(is *host.Wanted) settle.Result {
	w.Helper()
	r, err := settle.Apply(w.Context(), w.Service, "f", is, "web1")
	if err != nil {
		w.Fatal(err)
	}
	entries, err := settle.EntriesOf(w.Context(), w.Service, "f")
	if err != nil || fmt.Sprint(entries) != fmt.Sprint(r.Entries) {
		w.Errorf("got entries %v, %v, and of the result %v", entries, err, r.Entries)
	}
	return r
}

// wants applies what is wanted, and holds what was done against what was to be.
func (w *world) wants(is *host.Wanted, changed, kept, faults int) settle.Result {
	w.Helper()
	r := w.apply(is)
	if r.Changed != changed || r.Kept != kept || len(r.Faults) != faults {
		w.Errorf("got %d changed, %d kept, faults %v, want %d, %d and %d", r.Changed, r.Kept, r.Faults, changed, kept, faults)
	}
	if before := w.store.applies; faults == 0 {
		if again := w.apply(is); again.Changed != 0 || w.store.applies != before {
			w.Errorf("got %d changes and %d writes when it was applied again", again.Changed, w.store.applies-before)
		}
	}
	return r
}

// has returns the entries of the registry in a few words.
func (w *world) has(want ...string) {
	w.Helper()
	var got []string
	for p, err := range w.SendTargetPortals(w.Context()) {
		if err != nil {
			w.Fatal(err)
		}
		s := p.Portal.String()
		if p.Portal.SymbolicName != "" {
			s += " " + p.Portal.SymbolicName
		}
		if p.Port != ports.All {
			s += " from " + p.Instance + " " + p.Port.String()
		}
		if o := p.Login; o.EffectiveAuthType() != login.NoAuth {
			s += fmt.Sprintf(" CHAP %s %s", o.Username, o.PasswordRef)
			if o.EffectiveAuthType() == login.MutualCHAP {
				s += fmt.Sprintf(" mutual %s %s", o.TargetUsername, o.TargetPasswordRef)
			}
		}
		if o := p.Login; o.Has(login.SpecifiedHeaderDigest) {
			s += " " + o.HeaderDigest.String()
		}
		if p.Security != 0 {
			s += " " + p.Security.Hex()
		}
		got = append(got, s)
	}
	if !slices.Equal(got, want) {
		w.Errorf("got  %q\nwant %q", got, want)
	}
}

// policies returns the fleet's.
func (w *world) policies(want ...string) {
	w.Helper()
	var got []string
	for p, err := range w.FleetPolicies(w.Context(), "f") {
		if err != nil {
			w.Fatal(err)
		}
		got = append(got, p.Selector+" "+p.Flags.Hex())
	}
	if !slices.Equal(got, want) {
		w.Errorf("got policies %q, want %q", got, want)
	}
}

// local adds an entry of the host's own.
func (w *world) local(address, name string) {
	w.Helper()
	p := initiator.SendTargetPortal{Portal: initiator.Portal{Address: address, Port: 3260, SymbolicName: name}, Port: ports.All}
	if _, err := w.StoreSendTargetPortal(w.Context(), p, true); err != nil {
		w.Fatal(err)
	}
}

func at(address string, change ...func(*fleet.Portal)) fleet.Portal {
	p := fleet.Portal{Schema: 1, Address: address, TCPPort: 3260}
	for _, c := range change {
		c(&p)
	}
	return p
}

func with(login string) func(*fleet.Portal) { return func(p *fleet.Portal) { p.Login = login } }
func flagged(f ipsec.Flags) func(*fleet.Portal) {
	return func(p *fleet.Portal) { p.Flags = uint64(f) }
}
func named(name string) func(*fleet.Portal)     { return func(p *fleet.Portal) { p.SymbolicName = name } }
func on(patterns ...string) func(*fleet.Portal) { return func(p *fleet.Portal) { p.Hosts = patterns } }

func portals(all ...fleet.Portal) *host.Wanted { return &host.Wanted{Portals: all} }

// Entries come, change and go as config/ says; what does not concern this host does not.
func TestPortals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	logins := map[string]fleet.Login{
		"one":    {Name: "one", User: "u", Secret: "cred:there", HeaderDigest: "crc32c"},
		"mutual": {Name: "mutual", User: "u", Secret: "cred:there", TargetUser: "t", TargetSecret: "cred:target", HeaderDigest: "any"},
		"plain":  {Name: "plain", HeaderDigest: "none"},
	}
	is := portals(at("192.0.2.1", with("one")), at("192.0.2.2", with("mutual"), on("db*", "web?")), at("192.0.2.3", on("db*")), at("Array.Example.", with("plain")), at("2001:db8::1", named("x")))
	is.Logins = logins
	w.wants(is, 4, 0, 0)
	w.has("192.0.2.1:3260 CHAP u cred:there crc32c", "192.0.2.2:3260 CHAP u cred:there mutual t cred:target prefer-crc32c", "[2001:db8::1]:3260 x", "Array.Example.:3260 none")
	r := w.apply(is)
	if !r.Entries.Has(initiator.Key{Port: ports.All, Portal: initiator.Portal{Address: "ARRAY.example", Port: 3260}}) || len(r.Entries) != 4 {
		t.Errorf("got %v", r.Entries)
	}

	logins["one"] = fleet.Login{Name: "one", User: "v", Secret: "cred:there"}
	is.Portals = slices.Delete(is.Portals, 1, 2)
	w.wants(is, 2, 0, 0) // one is changed, one goes
	w.has("192.0.2.1:3260 CHAP v cred:there", "[2001:db8::1]:3260 x", "Array.Example.:3260 none")

	is.Portals[0].Hosts = []string{"elsewhere"}
	w.wants(is, 1, 0, 0)
	w.wants(new(host.Wanted), 2, 0, 0)
	w.has()
	for r, err := range w.ToolRecords(t.Context(), "fleet", "f") {
		t.Errorf("got the record %+v, %v at the end", r, err)
	}
}

// A portal that is to be asked from another port has another entry, in the place of the one before.
func TestOtherPort(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	number := uint32(0)
	for _, p := range mustPorts(w) {
		number = p
	}
	w.wants(portals(at("192.0.2.1")), 1, 0, 0)
	from := at("192.0.2.1", func(p *fleet.Portal) { p.Instance, p.Port = ports.Host, &number })
	w.wants(portals(from), 2, 0, 0)
	w.has(fmt.Sprintf("192.0.2.1:3260 from %s %d", ports.Host, number))
	gone := number + 77
	from.Port = &gone
	r := w.wants(portals(from, at("192.0.2.9")), 1, 0, 1)
	if !strings.Contains(r.Faults[0].Error(), "this host cannot have it: ") {
		t.Errorf("got %v", r.Faults)
	}
	w.has(fmt.Sprintf("192.0.2.1:3260 from %s %d", ports.Host, number), "192.0.2.9:3260")
}

func mustPorts(w *world) (numbers []uint32) {
	w.Helper()
	s, err := w.Selector(w.Context(), true)
	if err != nil || len(s.Ports) == 0 {
		w.Fatalf("got %v, %v", s, err)
	}
	for _, p := range s.Ports {
		numbers = append(numbers, p.Number.Uint32())
	}
	return numbers
}

// The local registry wins: over what config/ wants, over its changes, and over its end.
func TestLocalWins(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.local("192.0.2.1", "mine")
	is := portals(at("192.0.2.1", named("theirs"), flagged(0x3)), at("192.0.2.2", named("theirs")))
	w.wants(is, 1, 1, 0)
	w.has("192.0.2.1:3260 mine", "192.0.2.2:3260 theirs")
	w.policies()
	w.local("192.0.2.2", "changed here")
	is.Portals[1].SymbolicName = "theirs again"
	w.wants(is, 0, 2, 0)
	w.has("192.0.2.1:3260 mine", "192.0.2.2:3260 changed here")
	w.wants(portals(), 0, 0, 0)
	w.has("192.0.2.1:3260 mine", "192.0.2.2:3260 changed here")
}

// An entry of the fleet's that was changed at the host stays when config/ has it no longer;
// one that was removed there is made again.
func TestChangedHere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.wants(portals(at("192.0.2.1"), at("192.0.2.2")), 2, 0, 0)
	w.local("192.0.2.1", "changed here")
	if err := w.RemoveSendTargetPortal(t.Context(), initiator.Key{Port: ports.All, Portal: initiator.Portal{Address: "192.0.2.2", Port: 3260}}); err != nil {
		t.Fatal(err)
	}
	w.wants(portals(at("192.0.2.2")), 1, 0, 0)
	w.has("192.0.2.1:3260 changed here", "192.0.2.2:3260")
}

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

// Whenever the power fails, the next Apply ends where the one before was to end, and what it
// made is the fleet's.
func TestPowerFailure(t *testing.T) {
	t.Parallel()
	first := portals(at("192.0.2.1"), at("192.0.2.2", named("x"), flagged(3)), at("192.0.2.3"))
	second := portals(at("192.0.2.2", named("y")), at("192.0.2.4", flagged(0x43)))
	for n := 1; ; n++ {
		w := newWorld(t)
		w.local("192.0.2.9", "mine")
		w.apply(first)
		w.store.applies, w.store.fails = 0, n
		_, err := settle.Apply(t.Context(), w.Service, "f", second, "web1")
		w.store.fails = 0
		if err == nil {
			if n < 8 {
				t.Errorf("got %d writes", n)
			}
			return
		}
		if !errors.Is(err, errPower) {
			t.Fatalf("write %d: got %v", n, err)
		}
		w.open()
		w.apply(second)
		w.has("192.0.2.2:3260 y", "192.0.2.4:3260", "192.0.2.9:3260 mine")
		w.policies("192.0.2.4:3260 0x43")
		w.apply(new(host.Wanted))
		w.has("192.0.2.9:3260 mine")
		w.policies()
	}
}

// A fleet whose name is none changes nothing, and neither does one whose context has ended.
func TestRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if _, err := settle.Apply(t.Context(), w.Service, "../x", portals(at("192.0.2.1")), "web1"); !errors.As(err, new(*fleet.NameError)) {
		t.Errorf("got %v", err)
	}
	w.has()
}
