package watch

import (
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
)

// A list is what a source lists, as far as it can be read.
type list struct {
	entries []Entry
	err     error
}

// readList reads the list in a goroutine of its own.
func (w *watcher) readList() {
	w.listing = true
	w.under++
	go func() {
		l := new(list)
		for e, err := range w.source.Entries(w.ctx) {
			if err != nil {
				l.err = err
				break
			}
			l.entries = append(l.entries, e)
		}
		w.news <- news{list: l}
	}()
}

// relist takes a list that was read. Entries that come to a list which was read before
// are asked at once.
func (w *watcher) relist(l *list) {
	now := time.Now()
	if w.again {
		w.again, w.nextList = false, now
	}
	if w.ctx.Err() != nil || !w.sourceIs(l.err) {
		return
	}
	if !w.begun && l.err != nil {
		return // the watch has not begun yet
	}
	w.round++
	for i := range l.entries {
		w.list(&l.entries[i], now)
	}
	if !w.begun {
		w.begun = true
		w.known()
		return
	}
	if l.err == nil {
		w.sweep()
	}
}

// sourceIs tells that the source cannot be read, or can be read again. It reports whether
// the watch goes on.
func (w *watcher) sourceIs(err error) bool {
	if err != nil && w.ctx.Err() != nil {
		return false // the watch has ended, and the source may be well
	}
	switch {
	case err != nil && !w.broken:
		w.tell(nil, Event{Type: SourceFailed, Err: err, Code: initiator.Code(err)})
	case err == nil && w.broken:
		w.tell(nil, Event{Type: SourceRecovered})
	}
	w.broken = err != nil
	return !w.left
}

// list takes an entry of a list.
func (w *watcher) list(listed *Entry, now time.Time) {
	id := keyOf(listed.Key, listed.ISNS)
	e := w.entries[id]
	switch {
	case e == nil:
		e = &entry{id: id, asked: now}
		w.entries[id] = e
	case e.removed: // and it is still being asked
		*e = entry{id: id, asked: now, run: e.run, replaced: true}
	default:
		e.symbolic, e.round = listed.SymbolicName, w.round
		return
	}
	w.listed++
	e.key, e.symbolic, e.number, e.round, e.status = listed.Key, listed.SymbolicName, w.listed, w.round, Unknown
	w.portals[id.portal] = append(w.portals[id.portal], e)
	first := time.Duration(0)
	if !w.begun && !w.cfg.Now {
		first = rand.N(w.cfg.Every)
	}
	if e.run == nil {
		e.next = now.Add(first)
		w.push(e)
	}
	if w.begun {
		w.tell(e, Event{Type: PortalAdded})
		w.report(e, nil)
	}
}

// sweep removes the entries that the last list did not have.
func (w *watcher) sweep() {
	var gone []*entry
	for _, e := range w.entries {
		if e.round != w.round && !e.removed {
			gone = append(gone, e)
		}
	}
	slices.SortFunc(gone, byNumber)
	for _, e := range gone {
		id := e.id
		w.unschedule(e)
		e.removed = true
		if e.run == nil {
			delete(w.entries, id)
		}
		siblings := slices.DeleteFunc(w.portals[id.portal], func(s *entry) bool { return s == e })
		if w.portals[id.portal] = siblings; len(siblings) == 0 {
			delete(w.portals, id.portal)
		}
		w.forget(e)
		w.tell(e, Event{Type: PortalRemoved})
		w.report(e, nil)
	}
}

// known takes what the source knows of its entries when the watch begins, and reports all
// entries.
func (w *watcher) known() {
	for a, err := range w.source.Known(w.ctx) {
		if err != nil {
			w.sourceIs(err)
			break
		}
		if e := w.entries[keyOf(a.Key, a.ISNS)]; e != nil && !e.snapshot && !w.left {
			w.recall(e, &a)
		}
	}
	all := slices.SortedFunc(maps.Values(w.entries), byNumber)
	for _, e := range all {
		w.report(e, nil)
	}
}

// recall takes what is known of an entry.
func (w *watcher) recall(e *entry, a *Answer) {
	if a.LastOK.IsZero() && a.FailingSince.IsZero() {
		return // that is nothing
	}
	clock, now := w.cfg.Clock(), time.Now()
	e.lastOK, e.failingSince, e.failures = a.LastOK, a.FailingSince, a.Failures
	if e.snapshot = true; !a.LastOK.IsZero() {
		e.targets = len(a.Targets)
		e.answer.told = w.answers.remember(a.Targets)
		for _, name := range a.Missing {
			w.gone(e, name, false)
		}
	}
	if a.FailingSince.IsZero() {
		e.status = Up
		if e.targets < e.known() {
			e.status = Few
		}
		w.tell(e, Event{Type: Snapshot, Up: true, Targets: e.targets})
		return
	}
	e.status, e.since = Down, a.FailingSince
	e.failing = now.Add(-max(clock.Sub(a.FailingSince), 0))
	e.lasting = e.failing
	e.cause.told = cause{failed: true, code: a.Code, stage: unknownStage}
	snapshot := Event{Type: Snapshot, Targets: e.targets, Code: a.Code}
	if a.Message != "" {
		snapshot.Err = errors.New(a.Message)
	}
	w.tell(e, snapshot)
}
