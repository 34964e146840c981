package settle_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/host"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/settle"
)

// applyOwn applies what is wanted, where one credential is the program's own, and holds what
// was done, and the fleet's entries, against what was to be.
func (w *world) applyOwn(is *host.Wanted, own string, changed, faults, entries int) {
	w.Helper()
	r, err := settle.Apply(w.Context(), w.Service, "f", is, "web1", own)
	if err != nil {
		w.Fatal(err)
	}
	marked, err := settle.EntriesOf(w.Context(), w.Service, "f")
	if err != nil || fmt.Sprint(marked) != fmt.Sprint(r.Entries) || len(marked) != entries || r.Changed != changed || len(r.Faults) != faults {
		w.Errorf("got %+v, entries %v, %v; want %d changed, %d faults, %d entries", r, marked, err, changed, faults, entries)
	}
}

// An entry that the fleet made with a credential which is the program's own now is asked no
// more, whatever keeps a record from being applied. Its policy stays, and so do other entries
// of the fleet. With another credential the entry is made again.
func TestOwnCredentialApplied(t *testing.T) {
	t.Parallel()
	one := fleet.Login{Name: "l", User: "u", Secret: "cred:there"}
	mutual := fleet.Login{Name: "l", User: "u", Secret: "cred:there", TargetUser: "t", TargetSecret: "cred:target"}
	logins := func(l fleet.Login) map[string]fleet.Login { return map[string]fleet.Login{"l": l} }
	for _, tt := range []struct {
		name, own string
		was       fleet.Login
		change    func(*host.Wanted)
	}{
		{"nothing changed", "cred:there", one, func(*host.Wanted) {}},
		{"the target's", "cred:target", mutual, func(*host.Wanted) {}},
		{"another user", "cred:there", one, func(is *host.Wanted) { is.Logins = logins(fleet.Login{User: "v", Secret: "cred:there"}) }},
		{"no template", "cred:there", one, func(is *host.Wanted) { is.Logins = nil }},
		{"a secret that is not here", "cred:there", one, func(is *host.Wanted) { is.Logins = logins(fleet.Login{User: "u", Secret: "cred:other"}) }},
		{"a record that cannot be read", "cred:there", one, func(is *host.Wanted) {
			is.Portals = is.Portals[1:]
			is.Faults = []host.Fault{{Key: "k", Of: fleet.Key{Kind: fleet.KindPortal, Entry: initiator.Key{Portal: initiator.Portal{Address: "192.0.2.1", Port: 3260}}}, Err: &fleet.NewerError{Schema: 9}}}
		}},
		{"not all was read", "cred:there", one, func(is *host.Wanted) {
			is.Portals, is.Partial, is.Faults = nil, true, []host.Fault{{Err: errors.New("too many")}}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			is := portals(at("192.0.2.1", with("l"), flagged(0x3)), at("192.0.2.7"))
			is.Logins = logins(tt.was)
			w.applyOwn(is, "cred:key", 3, 0, 2)
			later := *is
			tt.change(&later)
			for _, changed := range []int{1, 0} {
				w.applyOwn(&later, tt.own, changed, 1, 1)
				w.has("192.0.2.7:3260")
				w.policies("192.0.2.1:3260 0x03")
			}
			is.Logins = logins(one)
			w.applyOwn(is, "cred:key", 1, 0, 2)
			w.has("192.0.2.1:3260 CHAP u cred:there", "192.0.2.7:3260")
		})
	}
}

// An entry of the fleet's that was changed at the host is the host's own, also where it has
// a credential which is the program's own now: it stays, and is the fleet's no more.
func TestOwnCredentialChangedHere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	is := portals(at("192.0.2.1", with("l")))
	is.Logins = map[string]fleet.Login{"l": {Name: "l", User: "u", Secret: "cred:there"}}
	w.applyOwn(is, "cred:key", 1, 0, 1)
	for p, err := range w.SendTargetPortals(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		p.Portal.SymbolicName = "changed here"
		if _, err := w.StoreSendTargetPortal(t.Context(), p.SendTargetPortal, true); err != nil {
			t.Fatal(err)
		}
	}
	w.applyOwn(is, "cred:there", 0, 1, 0)
	w.has("192.0.2.1:3260 changed here CHAP u cred:there")
}
