package initiator_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/netip"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// What the caller's own sequence does, in all of the loops (issue 13, 19).

// A loop runs over portals by one of the methods, and calls body for each result.
type loop struct {
	name string
	run  func(ctx context.Context, d *initiator.Discoverer, portals iter.Seq[initiator.SendTargetPortal], body func(initiator.Result) bool)
}

var loops = []loop{
	{"Run", func(ctx context.Context, d *initiator.Discoverer, portals iter.Seq[initiator.SendTargetPortal], body func(initiator.Result) bool) {
		for e := range d.Run(ctx, portals) {
			if done, ok := e.(initiator.PortalDone); ok && !body(done.Result) {
				break
			}
		}
	}},
	{"Batches", func(ctx context.Context, d *initiator.Discoverer, portals iter.Seq[initiator.SendTargetPortal], body func(initiator.Result) bool) {
		for b := range d.Batches(ctx, portals) {
			if b.Result != nil && !body(*b.Result) {
				break
			}
		}
	}},
	{"DiscoverAll", func(ctx context.Context, d *initiator.Discoverer, portals iter.Seq[initiator.SendTargetPortal], body func(initiator.Result) bool) {
		for r := range d.DiscoverAll(ctx, portals) {
			if !body(r) {
				break
			}
		}
	}},
}

// sequences plays a scene for each of the loops and numbers of portals at once.
func sequences(t *testing.T, parallel []int, play func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer, l loop)) {
	t.Helper()
	t.Parallel()
	for _, l := range loops {
		for _, at := range parallel {
			t.Run(fmt.Sprintf("%s, %d at once", l.name, at), func(t *testing.T) {
				t.Parallel()
				scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
					d.Parallel = at
					play(t, n, d, l)
				})
			})
		}
	}
}

// TestSequencePanics: a panic in the sequence is one in the goroutine of the loop,
// with its value, and cancels at once what is under way.
func TestSequencePanics(t *testing.T) {
	sequences(t, []int{1, 2, 64}, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer, l loop) {
		want := errors.New("no more portals")
		good := scene.Portal(n, scene.Where, &iscsitest.Target{})
		silent := scene.Portal(n, "192.0.2.2:3260", iscsitest.Script{iscsitest.Silence()})
		start := time.Now()
		results := 0
		defer func() {
			if got := recover(); got != want {
				t.Errorf("got a panic with %v, want %v", got, want)
			}
			if results > 1 {
				t.Errorf("%d results, want that of the good portal at most", results)
			}
			if took := time.Since(start); took != 0 {
				t.Errorf("it took %s", took)
			}
		}()
		l.run(t.Context(), d, func(yield func(initiator.SendTargetPortal) bool) {
			_ = yield(good)
			if d.Parallel > 1 {
				_ = yield(silent)
			}
			panic(want)
		}, func(r initiator.Result) bool {
			results++
			scene.Judge(t, r.Err, scene.Outcome{})
			return true
		})
		t.Error("the loop has ended as if nothing were wrong")
	})
}

// TestSequenceExits: runtime.Goexit in the sequence, as t.FailNow calls it, ends the
// goroutine of the loop.
func TestSequenceExits(t *testing.T) {
	sequences(t, []int{1, 2}, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer, l loop) {
		good := scene.Portal(n, scene.Where, &iscsitest.Target{})
		went := "on"
		done := make(chan struct{})
		go func() {
			defer close(done)
			defer func() {
				if v := recover(); v != nil {
					went = fmt.Sprint("into a panic: ", v)
				}
			}()
			went = "away"
			l.run(t.Context(), d, func(yield func(initiator.SendTargetPortal) bool) {
				_ = yield(good)
				runtime.Goexit()
			}, func(initiator.Result) bool { return true })
			went = "on"
		}()
		if <-done; went != "away" {
			t.Errorf("the goroutine of the loop went %s", went)
		}
	})
}

// TestLeaveSleepingSequence: a loop that is left waits no longer than a moment for a
// sequence that sleeps. That is told to stop when it wakes, and what it does then is
// lost.
func TestLeaveSleepingSequence(t *testing.T) {
	for _, awake := range []struct {
		name string
		do   func()
	}{
		{"goes on", func() {}},
		{"panics", func() { panic("too late") }},
		{"exits", runtime.Goexit},
	} {
		t.Run(awake.name, func(t *testing.T) {
			sequences(t, []int{2}, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer, l loop) {
				good := scene.Portal(n, scene.Where, &iscsitest.Target{})
				stopped := make(chan struct{})
				start := time.Now()
				l.run(t.Context(), d, func(yield func(initiator.SendTargetPortal) bool) {
					defer close(stopped)
					if yield(good) {
						time.Sleep(time.Hour)
						awake.do()
						if yield(good) {
							t.Error("a sequence that nobody waits for is asked for more")
						}
					}
				}, func(initiator.Result) bool {
					synctest.Wait() // the sequence sleeps
					return false
				})
				if took := time.Since(start); took > 100*time.Millisecond {
					t.Errorf("it took %s", took)
				}
				<-stopped
				if dials := n.Dials(); len(dials) != 1 {
					t.Errorf("got dials %v, want one", dials)
				}
			})
		})
	}
}

// TestLeaveSequence: a sequence that stands at a portal has cleaned up when the loop
// has been left, and a panic on the way is the loop's.
func TestLeaveSequence(t *testing.T) {
	sequences(t, []int{1, 2}, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer, l loop) {
		good := scene.Portal(n, scene.Where, &iscsitest.Target{})
		silent := scene.Portal(n, "192.0.2.2:3260", iscsitest.Script{iscsitest.Silence()})
		clean := false
		defer func() {
			if v := recover(); v != "in the clean-up" || !clean {
				t.Errorf("got a panic with %v, cleaned up: %t", v, clean)
			}
		}()
		l.run(t.Context(), d, func(yield func(initiator.SendTargetPortal) bool) {
			for next := good; yield(next); {
				next = silent // without end: there is always one to stand at
			}
			clean = true
			panic("in the clean-up")
		}, func(initiator.Result) bool { return false })
	})
}

// TestCancelSleepingSequence: where the context ends, the loop waits for a sequence
// that sleeps no longer than a moment, either.
func TestCancelSleepingSequence(t *testing.T) {
	sequences(t, []int{2}, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer, l loop) {
		good := scene.Portal(n, scene.Where, &iscsitest.Target{})
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Minute, cancel)
		stopped := make(chan struct{})
		results := 0
		start := time.Now()
		l.run(ctx, d, func(yield func(initiator.SendTargetPortal) bool) {
			defer close(stopped)
			if yield(good) {
				time.Sleep(time.Hour)
				if yield(good) {
					t.Error("a sequence that nobody waits for is asked for more")
				}
			}
		}, func(r initiator.Result) bool {
			scene.Judge(t, r.Err, scene.Outcome{})
			results++
			return true
		})
		if took := time.Since(start); took > time.Minute+100*time.Millisecond || results != 1 {
			t.Errorf("%d results in %s", results, took)
		}
		<-stopped
	})
}

// TestCancelSlowSequence: a portal that the sequence yields when the context has just
// ended is begun, so that each that was yielded has a result.
func TestCancelSlowSequence(t *testing.T) {
	sequences(t, []int{1, 2, 64}, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer, l loop) {
		good := scene.Portal(n, scene.Where, &iscsitest.Target{})
		ctx, cancel := context.WithCancel(t.Context())
		yielded, results := 0, 0
		l.run(ctx, d, func(yield func(initiator.SendTargetPortal) bool) {
			yielded++
			if !yield(good) {
				return
			}
			time.Sleep(time.Millisecond)
			cancel()
			time.Sleep(time.Millisecond)
			yielded++
			if yield(good) {
				t.Error("the sequence is asked for more when the context has ended")
			}
		}, func(r initiator.Result) bool {
			if results++; results == 1 {
				scene.Judge(t, r.Err, scene.Outcome{})
			} else if !errors.Is(r.Err, context.Canceled) {
				t.Errorf("got %v, want context.Canceled", r.Err)
			}
			return true
		})
		if yielded != 2 || results != yielded {
			t.Errorf("%d portals were yielded, %d have results", yielded, results)
		}
	})
}

// TestSequenceLocksThread: the sequence may lock its thread, and so may the caller
// before the loop, also if it leaves that.
func TestSequenceLocksThread(t *testing.T) {
	t.Parallel()
	for _, parallel := range []int{1, 2} {
		d := scene.NewDiscoverer()
		d.Parallel = parallel
		d.Dial = pipes(t, &iscsitest.Target{Records: scene.Records("iqn.2026-11.com.example:disk")})
		portal := scene.At(netip.MustParseAddrPort(scene.Where))
		runtime.LockOSThread()
		results := 0
		for e := range d.Run(t.Context(), func(yield func(initiator.SendTargetPortal) bool) {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			for yield(portal) {
				runtime.LockOSThread()
				defer runtime.UnlockOSThread()
			}
		}) {
			if _, ok := e.(initiator.PortalDone); ok {
				results++
			}
			if results == 3 {
				break
			}
		}
		runtime.UnlockOSThread()
	}
}
