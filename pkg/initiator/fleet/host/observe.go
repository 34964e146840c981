package host

import (
	"errors"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
	"github.com/go-iscsi/discovery/pkg/initiator/watch"
)

// A seen is what a watch saw once at an entry.
type seen struct {
	key     string // in etcd, of its path
	removed bool
	path    fleet.Path // but for Since and Answer, and, where it failed, Incomplete
	since   time.Time  // of being up, as the watch tells it; zero: not known
	asked   time.Time  // when the attempt ended
	failing time.Time  // since when it fails; zero: it does not

	sum     uint64          // of targets, where it is up
	targets []target.Target // of a new answer; nil: it is none
	size    int             // bytes that it takes, about
}

// Observe takes what a watch saw at an entry: it is what watch.Config.Observe calls. Any
// goroutine may call it, and it does not wait for etcd. An answer that is new is encoded in
// another goroutine, which has maxQueued bytes of them at most: where more come, Observe
// waits. Of targets nothing is kept but the answer as it is published, once for all entries
// that saw the same.
func (h *Host) Observe(s *watch.State, targets []target.Target) {
	if s.Last == nil && !s.Removed {
		return
	}
	o := &seen{key: h.cfg.Keys.Path(h.cfg.Name, fleet.Entry{Key: s.Key, ISNS: s.ISNS}), removed: s.Removed, since: s.Since, asked: s.LastAttempt, failing: s.FailingSince}
	if !s.Removed {
		o.path = h.pathOf(s)
	}
	if o.path.Up {
		o.sum = h.book.sum(targets)
	}
	h.intake.add(h, o, targets)
}

// pathOf says what an attempt says of an entry.
func (h *Host) pathOf(s *watch.State) fleet.Path {
	p := fleet.Path{
		Schema: fleet.Schema, Host: h.cfg.Name, Up: s.Last.Err == nil, Targets: s.Targets, ISNS: s.ISNS,
		Fleet: h.cfg.FromFleet != nil && h.cfg.FromFleet(s.Key),
	}
	if s.Last.Source.IsValid() {
		p.Source = s.Last.Source.String()
	}
	if p.Up {
		p.Incomplete = !s.Last.Complete
		return p
	}
	p.Code, p.Message = initiator.Code(s.Last.Err), s.Last.Err.Error()
	if e := (*initiator.Error)(nil); errors.As(s.Last.Err, &e) {
		p.Stage = e.Stage.String()
	}
	return p
}

// isNew reports an answer that has to be encoded.
func (h *Host) isNew(o *seen) bool {
	if !o.path.Up {
		return false
	}
	before, _ := h.book.entry(o.key)
	return !(before.seen && before.sum == o.sum) && h.book.known(o.sum) == nil
}

// take takes what was seen into the book.
func (h *Host) take(o *seen) {
	if o.removed {
		h.book.remove(o.key)
		return
	}
	before, ok := h.book.entry(o.key)
	now := entry{path: o.path, sum: before.sum, seen: before.seen, unlisted: before.unlisted}
	now.path.Answer, now.path.Since = before.path.Answer, o.sinceOf(&before.path, ok)
	if !now.path.Up {
		now.path.Incomplete = before.path.Incomplete
	}
	var answer *fleet.Answer
	if now.path.Up && (!before.seen || before.sum != o.sum) {
		now.sum, now.seen, now.unlisted, now.path.Answer = o.sum, true, nil, fleet.Digest{}
		if answer = h.book.known(o.sum); answer == nil {
			answer, now.unlisted = h.cfg.limits.encode(o.targets)
		}
	}
	h.book.put(o.key, now, answer)
}

// sinceOf is since when an entry is up, or down.
func (o *seen) sinceOf(before *fleet.Path, ok bool) time.Time {
	since := o.since
	switch {
	case ok && before.Up == o.path.Up:
		return before.Since
	case !o.path.Up:
		since = o.failing
	case ok || o.since.IsZero():
		since = o.asked
	}
	return since.UTC().Truncate(time.Millisecond)
}
