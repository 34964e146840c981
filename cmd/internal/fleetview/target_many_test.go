package fleetview

import (
	"fmt"
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
		all, unread := Targets([]view.Portal{p}, func(d fleet.Digest) ([]target.Target, error) {
			if d[0] == 1 {
				return long, nil
			}
			return long[:1], nil
		})
		if len(all) != len(long) || len(unread) > 0 || all[0].Hosts != 1000 || all[1].Hosts != 1 || all[1].OfHosts != 1000 {
			b.Fatalf("got %d targets, %v, %+v", len(all), unread, all[:2])
		}
	}
}
