package initiator_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// TestWaitingBatches: while the loop of a run stands still, portals that send without end
// fill what may wait for it, 32 batches, or 4 of more than 32 targets with the one that
// the consumer has, and then stand still, too.
func TestWaitingBatches(t *testing.T) {
	t.Parallel()
	const portals = 8
	for name, tt := range map[string]struct{ each, handed int }{
		"long batches":  {1000, 4},
		"short batches": {10, 1 + 32},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
				d.Parallel, d.Stages = portals, new(initiator.Stages)
				text := numbered(tt.each)
				var all []initiator.SendTargetPortal
				for i := range portals {
					endless := streams(func(int) (string, bool) { return text, false })
					all = append(all, scene.Portal(n, fmt.Sprintf("192.0.2.%d:3260", i+1), endless))
				}
				for range d.Batches(t.Context(), slices.Values(all)) {
					synctest.Wait() // the consumer stops; nothing more can be done without it
					break
				}
				// Each portal holds a batch that finds no room, and the last target of
				// what it sent, of which more addresses may come.
				got, want := d.Stages.Targets.Load(), int64((tt.handed+portals)*tt.each-portals)
				if got != want {
					t.Errorf("%d targets were read while the consumer stood still, want %d", got, want)
				}
			})
		})
	}
}

// TestLongestBatch: what one PDU brings is handed on in batches of 4096 targets at most.
func TestLongestBatch(t *testing.T) {
	t.Parallel()
	const count = 5000
	scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
		p := scene.Portal(n, scene.Where, scene.Answers(numbered(count)))
		found, longest := 0, 0
		for b := range d.Batches(t.Context(), slices.Values([]initiator.SendTargetPortal{p})) {
			found, longest = found+b.Len(), max(longest, b.Len())
			if b.Result != nil {
				scene.Judge(t, b.Result.Err, scene.Outcome{})
			}
		}
		if found != count || longest != 4096 {
			t.Errorf("%d targets, %d at once; want %d, and 4096 at once", found, longest, count)
		}
	})
}
