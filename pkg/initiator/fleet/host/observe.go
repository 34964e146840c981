package host

import (
	"errors"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
	"github.com/go-iscsi/discovery/pkg/initiator/watch"
)

// Observe takes what a watch saw at an entry: it is what watch.Config.Observe calls. Any
// goroutine may call it, and it does not wait for etcd. Of targets nothing is kept but the
// answer as it is published, once for all entries that saw the same.
//
// A portal and an iSNS server at one address, TCP port and initiator port have one record,
// that of the portal.
func (h *Host) Observe(s *watch.State, targets []target.Target) {
	h.observing.Lock()
	defer h.observing.Unlock()
	b := h.book
	key := b.keys.Path(b.host, s.Key)
	before, ok := b.entry(key)
	switch {
	case s.Removed:
		if !ok || before.path.ISNS == s.ISNS {
			b.remove(key)
		}
		return
	case s.Last == nil, ok && s.ISNS && !before.path.ISNS:
		return
	case ok && before.path.ISNS != s.ISNS: // a portal, where an iSNS server was
		b.remove(key)
		before, ok = entry{}, false
	}
	now := entry{path: h.pathOf(s, before.path, ok), sum: before.sum, seen: before.seen}
	var answer *fleet.Answer
	if s.Last.Err == nil {
		now.sum, now.seen = b.sum(targets), true
		if !before.seen || before.sum != now.sum {
			if answer = b.known(now.sum); answer == nil {
				answer = encode(targets)
			}
			now.path.Answer = fleet.Digest{}
		}
	}
	b.put(key, now, answer)
}

// pathOf returns what an attempt says of an entry, with the answer of before.
func (h *Host) pathOf(s *watch.State, before fleet.Path, ok bool) fleet.Path {
	p := fleet.Path{
		Schema: fleet.Schema, Host: h.cfg.Name, Up: s.Last.Err == nil, Targets: s.Targets, ISNS: s.ISNS,
		Incomplete: before.Incomplete, Answer: before.Answer, Fleet: h.cfg.FromFleet != nil && h.cfg.FromFleet(s.Key),
	}
	if s.Last.Source.IsValid() {
		p.Source = s.Last.Source.String()
	}
	if p.Up {
		p.Incomplete = !s.Last.Complete
	} else {
		p.Code, p.Message = initiator.Code(s.Last.Err), s.Last.Err.Error()
		if e := (*initiator.Error)(nil); errors.As(s.Last.Err, &e) {
			p.Stage = e.Stage.String()
		}
	}
	switch {
	case ok && before.Up == p.Up:
		p.Since = before.Since
	case !p.Up:
		p.Since = s.FailingSince
	case ok || s.Since.IsZero():
		p.Since = s.LastAttempt
	default:
		p.Since = s.Since
	}
	p.Since = p.Since.UTC().Truncate(time.Millisecond)
	return p
}
