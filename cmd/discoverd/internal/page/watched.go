package page

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator/target"
	"github.com/go-iscsi/discovery/pkg/initiator/watch"
)

// Bounds of what a Watched keeps.
const (
	maxEvents    = 10_000
	maxAddresses = 8 // of a target in an event, now and before
)

// A Watched keeps what the pages show of a watch: how entries stand, and the events of the
// last day. Its zero value is ready to use, by many goroutines at once.
type Watched struct {
	mu     sync.Mutex // guards the following
	states map[string]watch.State
	events []watch.Event // the oldest first
	first  int           // of events that is kept
}

// Report takes how an entry stands, as a watch reports it.
func (w *Watched) Report(s *watch.State) {
	w.mu.Lock()
	defer w.mu.Unlock()
	id := entryID(s.Key)
	if s.ISNS { // the pages are of portals
		return
	}
	if s.Removed {
		delete(w.states, id)
		return
	}
	if w.states == nil {
		w.states = make(map[string]watch.State)
	}
	kept := *s
	if s.Last != nil { // the watch may use it again
		last := *s.Last
		last.Targets, last.Changes = nil, nil
		kept.Last = &last
	}
	kept.LastChange = nil // the events have it
	w.states[id] = kept
}

// Forget forgets how the entries stand: nothing asks them any more. The events stay.
func (w *Watched) Forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	clear(w.states)
}

// Add takes an event.
func (w *Watched) Add(e watch.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	c := &e.Change // its texts may be parts of a whole answer, which would stay in memory with them
	c.Target, c.AliasIs, c.AliasWas = strings.Clone(c.Target), strings.Clone(c.AliasIs), strings.Clone(c.AliasWas)
	c.Is, c.Was = cloned(c.Is), cloned(c.Was)
	for kept := w.events[w.first:]; len(kept) > 0 && (len(kept) >= maxEvents || e.Time.Sub(kept[0].Time) > day); kept = w.events[w.first:] {
		kept[0] = watch.Event{}
		w.first++
	}
	if w.first >= maxEvents { // move what is left to the beginning, once in a while
		w.events = slices.Delete(w.events, 0, w.first)
		w.first = 0
	}
	w.events = append(w.events, e)
}

// cloned copies addresses, not too many.
func cloned(all []target.Address) []target.Address {
	all = slices.Clone(all[:min(len(all), maxAddresses)])
	for i := range all {
		all[i].Host = strings.Clone(all[i].Host)
	}
	return all
}

// States returns how the entries stand, in the order of their portals.
func (w *Watched) States() []watch.State {
	w.mu.Lock()
	all := make([]watch.State, 0, len(w.states))
	for _, s := range w.states {
		all = append(all, s)
	}
	w.mu.Unlock()
	slices.SortFunc(all, func(a, b watch.State) int {
		return cmp.Or(a.Key.Portal.Literal().Compare(b.Key.Portal.Literal()), cmp.Compare(a.Key.Portal.Address, b.Key.Portal.Address),
			cmp.Compare(a.Key.Portal.Port, b.Key.Portal.Port), cmp.Compare(a.Key.Instance, b.Key.Instance), cmp.Compare(a.Key.Port.Uint32(), b.Key.Port.Uint32()))
	})
	return all
}

// Events returns the events since a time, the oldest first.
func (w *Watched) Events(since time.Time) []watch.Event {
	w.mu.Lock()
	defer w.mu.Unlock()
	kept := w.events[w.first:]
	at, _ := slices.BinarySearchFunc(kept, since, func(e watch.Event, t time.Time) int { return e.Time.Compare(t) })
	return slices.Clone(kept[at:])
}
