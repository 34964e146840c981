package settle_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/host"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/settle"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
)

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
	number := mustPorts(w)[0]
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

// A policy is there before the portal that it is for, and goes after it.
func TestOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply(portals(at("192.0.2.1", flagged(3))))
	w.apply(portals(at("192.0.2.2", flagged(3))))
	w.apply(portals())
	want := []string{"fleet-policy", "portal", "fleet-policy", "portal", "-portal", "-fleet-policy", "-portal", "-fleet-policy"}
	if !slices.Equal(w.store.kinds, want) {
		t.Errorf("got  %q\nwant %q", w.store.kinds, want)
	}
}

// A portal that is to be asked from another port, of which the host has an entry of its own
// there, is the host's.
func TestOtherPortTaken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	number := mustPorts(w)[0]
	w.wants(portals(at("192.0.2.1")), 1, 0, 0)
	mine := initiator.SendTargetPortal{Instance: ports.Host, Port: ports.N(number), Portal: initiator.Portal{Address: "192.0.2.1", Port: 3260, SymbolicName: "mine"}}
	if _, err := w.StoreSendTargetPortal(t.Context(), mine, true); err != nil {
		t.Fatal(err)
	}
	from := at("192.0.2.1", named("theirs"), func(p *fleet.Portal) { p.Instance, p.Port = ports.Host, &number })
	w.wants(portals(from), 1, 1, 0) // the fleet's entry goes
	w.has(fmt.Sprintf("192.0.2.1:3260 mine from %s %d", ports.Host, number))
	w.wants(portals(), 0, 0, 0)
	w.has(fmt.Sprintf("192.0.2.1:3260 mine from %s %d", ports.Host, number))
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
