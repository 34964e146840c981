package watch_test

import (
	"context"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
	"github.com/go-iscsi/discovery/pkg/initiator/watch"
)

// list is an answer of n targets whose names have a word of the portal in them.
func list(n int, word string) initiator.Result {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("%sdisk%06d", word, i)
	}
	return has(names...)
}

// TestBound: where there is no room for an answer, its changes are told by their counts, and
// target by target again once there is.
func TestBound(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, key(0))
		f.answer = func(_ context.Context, _ initiator.Key, n int) initiator.Result {
			switch {
			case n < 2:
				return list(1000, "")
			case n < 5:
				return list(900, "")
			case n == 5: // for one answer
				return list(800, "")
			case n < 8:
				return list(900, "")
			case n < 12:
				return list(3, "")
			}
			return list(2, "")
		}
		got := within(t, 20*time.Minute, f, watch.Config{Now: true, Jitter: -1, MaxRemembered: 10_000})
		want := []string{
			"snapshot 192.0.0.0 true 1000",
			`target-changed 192.0.0.0 is "900 targets" was "1000 targets"`,
			`target-changed 192.0.0.0 is "3 targets" was "900 targets"`,
			"target-vanished 192.0.0.0 disk000002",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
	})
}

// TestBoundReleased: answers that no entry remembers any more take no room, and the order of
// targets and of their addresses is no difference where there is no room, either.
func TestBoundReleased(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, key(0), key(1))
		long := list(1000, "")
		for i := range long.Targets {
			a := &long.Targets[i].Addresses
			*a = append(*a, target.Address{Host: "192.0.2.9", Port: 3260, Group: 1})
		}
		f.answer = func(_ context.Context, k initiator.Key, n int) initiator.Result {
			if k == key(0) {
				return list(50, fmt.Sprintf("answer%d-", n))
			}
			r := long
			r.Targets = slices.Clone(long.Targets)
			if n%2 == 1 {
				slices.Reverse(r.Targets)
				for i := range r.Targets {
					a := slices.Clone(r.Targets[i].Addresses)
					slices.Reverse(a)
					r.Targets[i].Addresses = a
				}
			}
			return r
		}
		for _, e := range eventsWithin(t, 40*time.Minute, f, watch.Config{Now: true, Jitter: -1, HoldVanished: 1, MaxRemembered: 30_000}) {
			if e.Type == watch.TargetChanged {
				t.Fatalf("%s: %s", e.Time, tell(e))
			}
		}
	})
}

// TestNothingGrows: a portal whose targets all have new names in each answer takes no more
// memory after many of them than after a few. It runs alone, since it looks at the heap.
func TestNothingGrows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, key(0))
		ctx, cancel := context.WithTimeout(t.Context(), 8*time.Hour)
		defer cancel()
		f.answer = func(_ context.Context, _ initiator.Key, n int) initiator.Result {
			return list(100, fmt.Sprintf("answer%d-", n))
		}
		known := 0
		cfg := watch.Config{Now: true, Jitter: -1, HoldVanished: 1, Report: func(s *watch.State) { known = s.Known }}
		var early uint64
		events := 0
		for range watch.Run(ctx, f, cfg) {
			if events++; events == 20_000 {
				early = heap()
			}
		}
		if late := heap(); late > early+(8<<20) || known > 4096+200 {
			t.Errorf("%d bytes after 100 answers, %d after 480; %d targets are known", early, late, known)
		}
	})
}

// A plain is a Source that asks one portal after the other.
type plain struct {
	keys   []initiator.Key
	answer func(n int) initiator.Result // of portal number n
	index  map[initiator.Key]int
}

// Entries yields the keys.
func (p *plain) Entries(context.Context) iter.Seq2[watch.Entry, error] {
	return func(yield func(watch.Entry, error) bool) {
		for _, k := range p.keys {
			if !yield(watch.Entry{Key: k}, nil) {
				return
			}
		}
	}
}

// Known yields nothing.
func (p *plain) Known(context.Context) iter.Seq2[watch.Answer, error] {
	return func(func(watch.Answer, error) bool) {}
}

// Ask answers.
func (p *plain) Ask(_ context.Context, keys []initiator.Key) iter.Seq[initiator.Result] {
	return func(yield func(initiator.Result) bool) {
		for _, k := range keys {
			r := p.answer(p.index[k])
			r.Asked.Instance, r.Asked.Port, r.Asked.Portal = k.Instance, k.Port, k.Portal
			if !yield(r) {
				return
			}
		}
	}
}

// BenchmarkMemory measures the memory that a watch takes for an entry, and with lists of
// usual length, of which all differ or ten entries share one, and of one long list.
func BenchmarkMemory(b *testing.B) {
	for _, tt := range []struct {
		name                       string
		entries, targets, distinct int
	}{
		{"entries", 10_000, 0, 1}, {"different", 10_000, 16, 10_000}, {"shared", 10_000, 16, 1000}, {"long", 1, 100_000, 1},
	} {
		b.Run(tt.name, func(b *testing.B) {
			p := &plain{keys: keys(tt.entries), index: make(map[initiator.Key]int, tt.entries)}
			for i, k := range p.keys {
				p.index[k] = i
			}
			p.answer = func(n int) initiator.Result { return list(tt.targets, fmt.Sprintf("array%d:", n%tt.distinct)) }
			for b.Loop() {
				before, n := heap(), 0
				for range watch.Run(b.Context(), p, watch.Config{Now: true}) {
					if n++; n == tt.entries {
						used := float64(heap()) - float64(before)
						b.ReportMetric(used/float64(tt.entries), "B/entry")
						b.ReportMetric(used/float64(tt.entries*max(tt.targets, 1)), "B/target")
						break
					}
				}
			}
		})
	}
}

// heap returns how many bytes are in use.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
