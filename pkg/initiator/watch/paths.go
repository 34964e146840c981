package watch

import (
	"github.com/go-iscsi/discovery/pkg/initiator/change"
	"github.com/go-iscsi/discovery/pkg/initiator/name"
)

// maxGone is how many targets that are gone are remembered of an entry.
const maxGone = 4096

// events returns the events of changes, with those of paths: a target that is no longer
// seen from one initiator port, and still from another of the same portal.
func (w *watcher) events(e *entry, changes []change.Change) []Event {
	elsewhere := w.elsewhere(e, changes)
	events := make([]Event, 0, len(changes))
	for _, c := range changes {
		events = append(events, Event{Type: Type(c.Kind), Change: c})
		switch c.Kind {
		case change.Vanished:
			lost := elsewhere[name.Fold(c.Target)]
			if w.gone(e, c.Target, lost); lost {
				events = append(events, Event{Type: PathLost, Change: c})
			}
		case change.Appeared:
			if lost := w.back(e, c.Target); lost && elsewhere[name.Fold(c.Target)] {
				events = append(events, Event{Type: PathFound, Change: c})
			}
		case change.Changed:
		}
	}
	return events
}

// elsewhere returns which of the targets of changes, by their folded names, are seen from
// another initiator port now.
func (w *watcher) elsewhere(e *entry, changes []change.Change) map[string]bool {
	siblings := w.portals[e.id.portal]
	if len(siblings) < 2 {
		return nil
	}
	meant := make(map[string]bool, len(changes))
	for _, c := range changes {
		if c.Kind != change.Changed {
			meant[name.Fold(c.Target)] = true
		}
	}
	seen := make(map[string]bool)
	looked := make(map[*answer]bool)
	for _, s := range siblings {
		told := s.answer.told
		if s == e || told == nil || s.status == Down || len(s.answer.waiting) == 0 && looked[told] {
			continue
		}
		looked[told] = looked[told] || len(s.answer.waiting) == 0
		for _, t := range told.targets() {
			folded := name.Fold(t.Name)
			if !meant[folded] {
				continue
			}
			if held, ok := s.answer.waiting[w.answers.nameSum(folded)]; !ok || held.what != 0 {
				seen[folded] = true
			}
		}
	}
	return seen
}

// gone notes that a target is not there any more, and whether a path was lost by that.
// Where there is no room for it the target is forgotten, and its PathFound is not told.
func (w *watcher) gone(e *entry, target string, lost bool) {
	c := &e.answer
	if len(c.gone) >= maxGone || w.answers.used+goneSize > w.answers.limit {
		return
	}
	if c.gone == nil {
		c.gone = make(map[uint64]bool)
	}
	before := len(c.gone)
	c.gone[w.answers.nameSum(name.Fold(target))] = lost
	w.answers.used += int64(len(c.gone)-before) * goneSize
}

// back notes that a target is there again, and reports whether a path was lost when it
// went.
func (w *watcher) back(e *entry, target string) (lost bool) {
	c := &e.answer
	id := w.answers.nameSum(name.Fold(target))
	lost, known := c.gone[id]
	if known {
		delete(c.gone, id)
		w.answers.used -= goneSize
	}
	return lost
}
