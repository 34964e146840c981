package watch

import (
	"fmt"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/change"
	"github.com/go-iscsi/discovery/pkg/initiator/name"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

// A comparison is what is remembered of an entry's answers.
type comparison struct {
	told    *answer            // that the consumer knows; nil: none yet
	same    uint64             // sum of the last answer, where it has the same as told
	isSame  bool               // same is set
	waiting map[uint64]waiting // changes that are held, by the sum of the target's name
	gone    map[uint64]bool    // targets that are not there any more, by the sum of their names; true: PathLost was told
	other   digest             // of the last answer, where the targets of it or of told are not remembered
	repeats int                // how often in a row it came
}

// A waiting is a change that answers have to agree on before it is told.
type waiting struct {
	what  uint64 // sum of what the target is now; 0: it is not there
	count int    // answers in a row
}

// Bytes that are counted for each.
const (
	waitingSize = 48
	goneSize    = 24
)

// count returns how many targets the consumer knows.
func (c *comparison) count() int {
	if c.told == nil {
		return 0
	}
	return c.told.count
}

// forget gives back what is remembered of an entry.
func (w *watcher) forget(e *entry) {
	w.answers.release(e.answer.told)
	w.wait(e, nil)
	w.answers.used -= int64(len(e.answer.gone)) * goneSize
	e.answer = comparison{}
}

// wait replaces the changes that are held.
func (w *watcher) wait(e *entry, waiting map[uint64]waiting) {
	w.answers.used += int64(len(waiting)-len(e.answer.waiting)) * waitingSize
	if e.answer.waiting = waiting; len(waiting) == 0 {
		e.answer.waiting = nil
	}
}

// compare compares an answer with what was told, and returns the events of what differs
// and is not held any longer.
func (w *watcher) compare(e *entry, r *initiator.Result) []Event {
	c := &e.answer
	sum := w.answers.sum(r.Targets)
	if r.Complete && c.isSame && c.same == sum {
		return nil
	}
	c.isSame = false
	now := w.answers.remember(r.Targets)
	defer func() { w.answers.release(now) }()
	var events []Event
	switch {
	case c.told == nil:
		c.told, now = now, nil
	case now.digest == c.told.digest:
		w.wait(e, nil)
		c.repeats = 0
	case !now.whole() || !c.told.whole():
		events = w.counts(e, now, r.Complete)
	default:
		events = w.details(e, now, r)
	}
	if r.Complete && (now == nil || now.digest == c.told.digest) {
		c.same, c.isSame = sum, true
	}
	return events
}

// become makes an answer the one that was told.
func (w *watcher) become(e *entry, a *answer) {
	a.uses++
	w.answers.release(e.answer.told)
	e.answer.told = a
}

// counts compares answers of which the targets are not remembered.
func (w *watcher) counts(e *entry, now *answer, complete bool) []Event {
	c := &e.answer
	if !complete {
		return nil
	}
	if c.repeats == 0 || c.other != now.digest {
		c.other, c.repeats = now.digest, 0
	}
	if c.repeats++; c.repeats < max(w.cfg.Hold, w.cfg.HoldVanished) {
		return nil
	}
	c.repeats = 0
	event := Event{Type: TargetChanged, Change: change.Change{Kind: change.Changed}, Targets: now.count, Is: countWords(now), Was: countWords(c.told)}
	w.wait(e, nil)
	w.become(e, now)
	return []Event{event}
}

func countWords(a *answer) string {
	if a.count == 1 {
		return "1 target"
	}
	return fmt.Sprintf("%d targets", a.count)
}

// details compares answers target by target.
func (w *watcher) details(e *entry, now *answer, r *initiator.Result) []Event {
	c := &e.answer
	was := c.told.targets()
	next := make(map[uint64]waiting)
	var ready []change.Change
	full := w.answers.used > w.answers.limit // there is no room to hold changes
	for _, d := range change.Between(was, now.targets()) {
		id := w.answers.nameSum(name.Fold(d.Target))
		before := c.waiting[id]
		need, what := w.cfg.Hold, uint64(0)
		if d.Kind == change.Vanished {
			need = w.cfg.HoldVanished
			if !r.Complete { // it may be one that was left out
				if before.count > 0 && before.what == 0 {
					next[id] = before
				}
				continue
			}
		} else {
			what = w.answers.sum([]target.Target{{Name: d.Target, Alias: d.AliasIs, Addresses: d.Is}}) | 1
		}
		if before.what != what {
			before.count = 0
		}
		if before.count+1 >= need || full {
			ready = append(ready, d)
			continue
		}
		next[id] = waiting{what, before.count + 1}
	}
	w.wait(e, next)
	c.repeats = 0
	if len(ready) == 0 {
		return nil
	}
	if len(next) == 0 && r.Complete {
		w.become(e, now)
	} else {
		a := w.answers.remember(apply(was, ready))
		w.become(e, a)
		w.answers.release(a)
	}
	return w.events(e, ready)
}

// apply returns targets after changes.
func apply(was []target.Target, changes []change.Change) []target.Target {
	changed := make(map[string]*change.Change, len(changes))
	for i := range changes {
		changed[name.Fold(changes[i].Target)] = &changes[i]
	}
	is := make([]target.Target, 0, len(was)+len(changes))
	for _, t := range was {
		if changed[name.Fold(t.Name)] == nil {
			is = append(is, t)
		}
	}
	for _, c := range changes {
		if c.Kind != change.Vanished {
			is = append(is, target.Target{Name: c.Target, Alias: c.AliasIs, Addresses: c.Is})
		}
	}
	return is
}
