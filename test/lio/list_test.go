//go:build linux

package lio

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/test/targets"
	"github.com/go-iscsi/discovery/test/uml"
)

// testPortals: LIO lists all portals, whichever is asked, in the order in which
// the targets were made.
func (w *world) testPortals(t *testing.T) {
	for _, portal := range w.portals() {
		r := discover(t, at(portal))
		same(t, everywhere(w.names, w.portals()...), found(r))
		if r.Address != portal {
			t.Errorf("connected to %s, want %s", r.Address, portal)
		}
		var order []string
		for _, target := range r.Targets {
			order = append(order, target.Name)
		}
		if !slices.Equal(order, w.names) {
			t.Errorf("got the order %q, want %q", order, w.names)
		}
	}
}

// testGroups: a portal group tag that is not 1, and not on all portals.
func (w *world) testGroups(t *testing.T) {
	name := "iqn.2026-01.test.lio:group"
	w.add(t, uml.LIOTarget{Name: name, Group: 40000, Addrs: []netip.Addr{second.Addr()}})
	want := everywhere(w.names, w.portals()...)
	want[name] = []string{"10.99.0.3:3260,40000"}
	same(t, want, found(discover(t, at(w.portals()[0]))))
}

// testVisibility: a target that names its initiators shows itself to no other.
func (w *world) testVisibility(t *testing.T) {
	ours, anothers := "iqn.2026-01.test.lio:ours", "iqn.2026-01.test.lio:anothers"
	w.add(t,
		uml.LIOTarget{Name: ours, Initiators: []string{initiatorName}},
		uml.LIOTarget{Name: anothers, Initiators: []string{"iqn.2026-11.com.example:another"}})
	want := everywhere(append(slices.Clone(w.names), ours), w.portals()...)
	same(t, want, found(discover(t, at(w.portals()[0]))))
}

// testWildcard: a portal that listens on every address shows the one that was
// asked.
func (w *world) testWildcard(t *testing.T) {
	w.lio.Remove(t, named(w.names...)...)
	t.Cleanup(func() { w.lio.Add(t, named(w.names...)...) })
	name := "iqn.2026-01.test.lio:wildcard"
	w.add(t, uml.LIOTarget{Name: name, Addrs: []netip.Addr{netip.IPv6Unspecified()}})
	for _, portal := range w.portals() {
		same(t, everywhere([]string{name}, portal), found(discover(t, at(portal))))
	}
}

// testLongList: 150 targets whose names are as long as names may be do not fit
// into one response of LIO's. Where targets have several portals, each further
// response begins with targets that were there before, and one may end between a
// name and its addresses.
func (w *world) testLongList(t *testing.T) {
	const longestName = 223
	names := targets.Names("lio", 150)
	for i, name := range names {
		name = strings.Replace(name, ":t", ":long", 1)
		names[i] = name + strings.Repeat("x", longestName-len(name))
	}
	w.lio.Add(t, named(names...)...) // the guest's end removes them
	capture := w.capture(t)
	r := discover(t, at(w.portals()[0]))
	same(t, everywhere(append(names, w.names...), w.portals()...), found(r))
	judgement := capture.Judge()
	checkOurs(t, judgement)
	responses, sent := 0, 0
	for _, p := range judgement.PDUs {
		if p.Name != "Text Response" {
			continue
		}
		responses++
		for _, pair := range p.Fields["iscsi.keyvalue"] {
			if strings.HasPrefix(pair, "TargetName=") {
				sent++
			}
		}
	}
	if responses < 2 {
		t.Errorf("the list came in %d responses, want several", responses)
	}
	t.Logf("%d targets in %d responses, which have %d names", len(r.Targets), responses, sent)
}
