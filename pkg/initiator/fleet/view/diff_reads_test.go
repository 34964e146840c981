package view_test

import (
	"fmt"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/fleettest"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/view"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

// TestDiffReads: of many lists at a portal those are read that can be compared, each once:
// where each host has one of its own, none.
func TestDiffReads(t *testing.T) {
	t.Parallel()
	const lists = 2000
	for _, tt := range []struct {
		name    string
		see     func(i int) (hosts, targets int) // of a list
		read    int
		fewer   int
		claimed int // targets that a host more says that the first list has
	}{
		{name: "each host a list of its own", see: func(i int) (int, int) { return 1, 1 + i%7 }},
		{name: "each two hosts", see: func(i int) (int, int) { return 2, 3 }},
		{name: "the more hosts the fewer targets", see: func(i int) (int, int) { return 1 + i%2, 2 - i%2 }},
		{name: "one host sees less than two", see: func(i int) (int, int) { return 1 + min(1, i), 2 + min(1, i) }, read: lists, fewer: 1},
		{name: "two see more than all others", see: func(i int) (int, int) { return 1 + i/(lists-1), 2 + i/(lists-1) }, read: lists, fewer: lists - 1},
		{name: "one of its own tells another number", see: func(i int) (int, int) { return 1, 2 }, claimed: 3, read: 1},
	} {
		v := &view.View{Revision: 1, Hosts: map[string]*view.Host{}}
		add := func(name string, targets int, d fleet.Digest) {
			v.Hosts[name] = &view.Host{Name: name, Info: &fleet.Info{}, Paths: map[fleet.Entry]*fleet.Path{fleettest.Entry("p"): {Host: name, Up: true, Targets: targets, Answer: d}}}
		}
		all := map[fleet.Digest][]target.Target{}
		for i := range lists {
			hosts, targets := tt.see(i)
			d := fleet.Digest{1, byte(i), byte(i >> 8)}
			all[d] = fleettest.Targets(letters("abcdefgh"[:targets])...)
			for j := range hosts {
				add(fmt.Sprintf("h%d-%d", i, j), targets, d)
			}
		}
		if tt.claimed > 0 {
			add("liar", tt.claimed, fleet.Digest{1})
		}
		asked := map[fleet.Digest]int{}
		d := view.Diff(v, func(d fleet.Digest) ([]target.Target, error) { asked[d]++; return all[d], nil })
		if len(d.Fewer) != tt.fewer || len(asked) != tt.read {
			t.Errorf("%s: got %d that see fewer, %d answers read; want %d, %d", tt.name, len(d.Fewer), len(asked), tt.fewer, tt.read)
		}
		if lies := len(d.Liars); lies != min(1, tt.claimed) {
			t.Errorf("%s: got %d liars", tt.name, lies)
		}
		for d, n := range asked {
			if n != 1 && tt.claimed == 0 {
				t.Errorf("%s: answer %v was read %d times", tt.name, d, n)
			}
		}
	}
}
