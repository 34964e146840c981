package initiator_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// TestAhead: behind a portal that says nothing a bounded number of results waits,
// and the rest is begun when it is done.
func TestAhead(t *testing.T) {
	t.Parallel()
	const ahead, count = 1 << 16, 1<<16 + 1000
	scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
		silent := scene.Portal(n, scene.Where, iscsitest.Script{iscsitest.Silence()})
		var nowhere initiator.SendTargetPortal // is refused at once
		var begun, waiting atomic.Int32
		time.AfterFunc(d.Timeout/2, func() { waiting.Store(begun.Load()) })
		results := 0
		for r := range d.DiscoverAll(t.Context(), func(yield func(initiator.SendTargetPortal) bool) {
			for i := range count {
				p := nowhere
				if i == 0 {
					p = silent
				}
				if begun.Add(1); !yield(p) {
					return
				}
			}
		}) {
			if results++; results == 1 {
				scene.Judge(t, r.Err, lost(initiator.StageLogin))
			} else if initiator.Code(r.Err) != isdsc.NoPortalSpecified {
				t.Fatalf("result %d: %v", results, r.Err)
			}
		}
		if results != count || waiting.Load() != ahead {
			t.Errorf("%d results, and %d portals begun before the first was done; want %d and %d", results, waiting.Load(), count, ahead)
		}
	})
}

// TestLeaveAhead: a loop that is left while portals wait to begin, by a panic even, is
// not kept by them.
func TestLeaveAhead(t *testing.T) {
	t.Parallel()
	scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
		hangs, nowhere := scene.Portal(n, scene.Where), initiator.SendTargetPortal{}
		start := time.Now()
		defer func() {
			if took := time.Since(start); took != d.Timeout || recover() == nil {
				t.Errorf("it took %s", took)
			}
		}()
		for range d.DiscoverAll(t.Context(), func(yield func(initiator.SendTargetPortal) bool) {
			for p := hangs; yield(p); p = nowhere {
			}
		}) {
			panic("consumer")
		}
	})
}

// TestHeldWarnings: warnings that wait for their turn are held in the same room as
// targets, and where there is none they are counted.
func TestHeldWarnings(t *testing.T) {
	t.Parallel()
	scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
		d.Parallel, d.MaxHeld = 2, 100_000
		portals := []initiator.SendTargetPortal{scene.Portal(n, scene.Where, iscsitest.Script{iscsitest.Silence()})}
		var bad []string
		for range 50 {
			bad = append(bad, "TargetName="+strings.Repeat("\xff", 250))
		}
		for i := range 4 {
			portals = append(portals, scene.Portal(n, fmt.Sprintf("192.0.2.%d:3260", i+2), scene.Answers(scene.Pairs(bad...))))
		}
		kept := 0
		for r := range d.DiscoverAll(t.Context(), func(yield func(initiator.SendTargetPortal) bool) {
			for _, p := range portals {
				if !yield(p) {
					return
				}
			}
		}) {
			if r.Asked.Portal == portals[0].Portal {
				scene.Judge(t, r.Err, lost(initiator.StageLogin))
				continue
			}
			scene.Judge(t, r.Err, unusableAnswer)
			switch {
			case len(r.Warnings) == 50:
				kept++
			case len(r.Warnings) != 1 || r.Warnings[0].Message != "50 more warnings":
				t.Errorf("%d warnings, the first is %v", len(r.Warnings), r.Warnings[0])
			}
		}
		if kept != 1 {
			t.Errorf("the warnings of %d portals were kept, want those of one", kept)
		}
	})
}
