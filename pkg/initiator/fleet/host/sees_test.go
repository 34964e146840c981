package host_test

import (
	"net/netip"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
	"github.com/go-iscsi/discovery/pkg/initiator/watch"
)

// key is the entry of a portal.
func key(n int) initiator.Key {
	return initiator.Key{Portal: initiator.Portal{Address: netip.AddrFrom4([4]byte{192, 0, byte(n >> 8), byte(n)}).String(), Port: 3260}}
}

// entry is the entry of a portal, in the fleet.
func entry(n int) fleet.Entry { return fleet.Entry{Key: key(n)} }

// targets are targets with names.
func targets(names ...string) (all []target.Target) {
	for _, n := range names {
		all = append(all, target.Target{Name: "iqn.2026-11.com.example:" + n, Addresses: []target.Address{{Host: "192.0.2.10", Port: 3260, Group: 1}}})
	}
	return all
}

// sees is an answer at portal n.
func (r *running) sees(n int, names ...string) { r.answers(n, targets(names...)) }

func (r *running) answers(n int, all []target.Target) {
	r.Observe(&watch.State{Key: key(n), Status: watch.Up, Since: time.Now(), Targets: len(all), Last: &initiator.Result{Complete: true, Source: netip.MustParseAddr("192.0.2.2")}}, all)
}

// fails is a failure at portal n, that had answered with so many targets before.
func (r *running) fails(n, had int, err error) {
	r.Observe(&watch.State{Key: key(n), Status: watch.Down, FailingSince: time.Now(), Targets: had, Last: &initiator.Result{Err: &initiator.Error{Stage: initiator.StageConnect, Err: err}}}, nil)
}

// forgets is that portal n is watched no longer.
func (r *running) forgets(n int) { r.Observe(&watch.State{Key: key(n), Removed: true}, nil) }
