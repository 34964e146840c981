package watch_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
	"github.com/go-iscsi/discovery/pkg/initiator/watch"
)

// A fake is a Source whose portals answer what a test says.
type fake struct {
	t *testing.T

	mu       sync.Mutex // guards the following
	keys     []initiator.Key
	listErr  error
	lists    int // how often it was listed
	known    []watch.Answer
	attempts map[initiator.Key][]time.Time
	asking   map[initiator.Key]int
	runs     int // under way
	mostRuns int

	// answer is what a portal answers to its attempt number n, from 0. It may sleep.
	answer func(ctx context.Context, key initiator.Key, n int) initiator.Result
}

func newFake(t *testing.T, keys ...initiator.Key) *fake {
	return &fake{t: t, keys: keys, attempts: make(map[initiator.Key][]time.Time), asking: make(map[initiator.Key]int),
		answer: func(context.Context, initiator.Key, int) initiator.Result { return has() }}
}

// key returns the key of portal number n, as it is asked from a port.
func key(n int, from ...uint32) initiator.Key {
	k := initiator.Key{Portal: initiator.Portal{Address: netip.AddrFrom4([4]byte{192, 0, byte(n >> 8), byte(n)}).String(), Port: 3260}}
	for _, p := range from {
		k.Instance, k.Port = "host", ports.N(p)
	}
	return k
}

func keys(n int) (all []initiator.Key) {
	for i := range n {
		all = append(all, key(i))
	}
	return all
}

func iqn(name string) string { return "iqn.2026-11.com.example:" + name }

// has is a complete answer with targets, each at the address that stands behind an @.
func has(names ...string) initiator.Result {
	r := initiator.Result{Complete: true, TargetsFound: len(names), Source: netip.MustParseAddr("192.0.2.254")}
	for _, n := range names {
		at := "192.0.2.10"
		for i := range n {
			if n[i] == '@' {
				n, at = n[:i], n[i+1:]
				break
			}
		}
		r.Targets = append(r.Targets, target.Target{Name: iqn(n), Addresses: []target.Address{{Host: at, Port: 3260, Group: 1}}})
	}
	return r
}

// fails is a portal that fails in a stage.
func fails(stage initiator.Stage, err error) initiator.Result {
	return initiator.Result{Err: &initiator.Error{Stage: stage, Err: err}}
}

var (
	errRefused = errors.New("connection refused")
	down       = fails(initiator.StageConnect, errRefused)
)

func (f *fake) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

func (f *fake) times(k initiator.Key) []time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.attempts[k])
}

// Entries yields the keys.
func (f *fake) Entries(context.Context) iter.Seq2[watch.Entry, error] {
	return func(yield func(watch.Entry, error) bool) {
		f.mu.Lock()
		keys, err := slices.Clone(f.keys), f.listErr
		f.lists++
		f.mu.Unlock()
		for _, k := range keys {
			if !yield(watch.Entry{Key: k, SymbolicName: "of " + k.Portal.Address}, nil) {
				return
			}
		}
		if err != nil {
			yield(watch.Entry{}, err)
		}
	}
}

// Known yields what is known.
func (f *fake) Known(context.Context) iter.Seq2[watch.Answer, error] {
	return func(yield func(watch.Answer, error) bool) {
		for _, a := range f.known {
			if !yield(a, nil) {
				return
			}
		}
	}
}

// Ask asks each portal in a goroutine of its own.
func (f *fake) Ask(ctx context.Context, keys []initiator.Key) iter.Seq[initiator.Result] {
	return func(yield func(initiator.Result) bool) {
		results := make(chan initiator.Result, len(keys))
		f.set(func() { f.runs++; f.mostRuns = max(f.mostRuns, f.runs) })
		defer f.set(func() { f.runs-- })
		for _, k := range keys {
			var n int
			f.set(func() {
				if f.asking[k]++; f.asking[k] > 1 {
					f.t.Errorf("two sessions to %s at once", k)
				}
				n = len(f.attempts[k])
				f.attempts[k] = append(f.attempts[k], time.Now())
			})
			go func() {
				r := f.answer(ctx, k, n)
				r.Asked.Instance, r.Asked.Port, r.Asked.Portal = k.Instance, k.Port, k.Portal
				f.set(func() { f.asking[k]-- })
				results <- r
			}()
		}
		left := false
		for range keys {
			if r := <-results; !left {
				left = !yield(r)
			}
		}
	}
}

// tell returns an event in a few words.
func tell(e watch.Event) string {
	s := string(e.Type)
	if e.Key.Portal.Address != "" {
		s += " " + e.Key.Portal.Address
	}
	if e.Key.Port != ports.All {
		s += "/" + e.Key.Port.String()
	}
	if e.Change.Target != "" {
		s += " " + e.Change.Target[len(iqn("")):]
	}
	switch e.Type {
	case watch.Snapshot:
		s += fmt.Sprintf(" %t %d", e.Up, e.Targets)
	case watch.PortalRecovered:
		s += fmt.Sprintf(" %d after %s", e.Targets, e.After)
	case watch.PortalFailed:
		s += fmt.Sprintf(" %#x was %#x", e.Code, e.WasCode)
	}
	if e.Is != "" || e.Was != "" {
		s += fmt.Sprintf(" is %q was %q", e.Is, e.Was)
	}
	return s
}

// within watches a source for a time, and returns what was told.
func within(t *testing.T, d time.Duration, s watch.Source, cfg watch.Config) (told []string) {
	t.Helper()
	for _, e := range eventsWithin(t, d, s, cfg) {
		told = append(told, tell(e))
	}
	return told
}

func eventsWithin(t *testing.T, d time.Duration, s watch.Source, cfg watch.Config) (events []watch.Event) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	for e := range watch.Run(ctx, s, cfg) {
		if e.Seq != uint64(len(events))+1 {
			t.Errorf("event %d has the number %d", len(events)+1, e.Seq)
		}
		events = append(events, e)
	}
	return events
}
