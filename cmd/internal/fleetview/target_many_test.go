package fleetview

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/view"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

// BenchmarkTargets: 1000 hosts of a portal, and one of them sees a long list.
func BenchmarkTargets(b *testing.B) {
	p := view.Portal{Portal: initiator.Portal{Address: "192.0.2.1", Port: 3260}, Hosts: 1000}
	for i := range 2 {
		g := view.Group{Up: true, Targets: 1, Answer: fleet.Digest{byte(1 + i)}}
		for j := range []int{1, 999}[i] {
			g.Paths = append(g.Paths, view.Path{Host: fmt.Sprintf("h%d-%d", i, j), Path: &fleet.Path{}})
		}
		p.Groups = append(p.Groups, g)
	}
	long := make([]target.Target, 20_000)
	for i := range long {
		long[i].Name = fmt.Sprintf("iqn.x:%d", i)
	}
	for b.Loop() {
		seen, unread := Targets([]view.Portal{p}, func(d fleet.Digest) ([]target.Target, error) {
			if d[0] == 1 {
				return long, nil
			}
			return long[:1], nil
		})
		all := slices.Collect(seen)
		if len(all) != len(long) || len(unread) > 0 || all[0].Hosts != 1000 || all[1].Hosts != 1 || all[1].OfHosts != 1000 {
			b.Fatalf("got %d targets, %v, %+v", len(all), unread, all[:2])
		}
	}
}

// TestTargetsOfManyLists: what one host makes of many long lists is bounded, and told.
func TestTargetsOfManyLists(t *testing.T) {
	t.Parallel()
	const lists, sightings = 64, 1 << 16 // in the place of MaxSightings
	long := make([]target.Target, sightings/lists+1)
	for i := range long {
		long[i].Name = fmt.Sprintf("iqn.x:%06d", i)
	}
	p := view.Portal{Portal: initiator.Portal{Address: "192.0.2.1", Port: 3260}, Hosts: 1}
	for i := range lists + 5 {
		p.Groups = append(p.Groups, view.Group{
			Up: true, Targets: len(long), Answer: fleet.Digest{1, byte(i)}, Hosts: 1, Paths: []view.Path{{Host: "evil", Path: &fleet.Path{}}},
		})
	}
	// A list that two hosts see, behind them: it is counted first.
	few := []target.Target{{Name: "iqn.x:shared"}}
	p.Groups = append(p.Groups, view.Group{Up: true, Targets: 1, Answer: fleet.Digest{2}, Hosts: 2, Paths: []view.Path{{Host: "a", Path: &fleet.Path{}}, {Host: "b", Path: &fleet.Path{}}}})
	asked := 0
	all, unread := targetsOf([]view.Portal{p}, sightings+len(few), func(d fleet.Digest) ([]target.Target, error) {
		if d[0] == 2 {
			return few, nil
		}
		asked++
		return long, nil
	})
	if asked != lists || len(unread) != 6 || !errors.Is(unread[0], errTooManyAll) || !errors.Is(unread[5], errTooManyAll) {
		t.Errorf("asked for %d lists, got %d errors %v; want %d lists, and that 6 were left out", asked, len(unread), unread[:min(1, len(unread))], lists)
	}
	if want := fmt.Sprintf("what 1 host saw at 192.0.2.1:3260 is counted in part (%d targets): ", sightings%len(long)); len(unread) > 0 && !strings.HasPrefix(unread[0].Error(), want) {
		t.Errorf("got %v, want %s", unread[0], want)
	}
	n := 0
	for x := range all {
		want := 1
		if x.Target == "iqn.x:shared" {
			want = 2
		}
		if n++; x.Hosts != want || len(x.Portals) != 1 {
			t.Fatalf("got %+v", x)
		}
	}
	if n != len(long)+len(few) {
		t.Errorf("got %d targets, want %d", n, len(long)+len(few))
	}
}
