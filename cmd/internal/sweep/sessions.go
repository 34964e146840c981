package sweep

import (
	"context"
	"errors"
	"iter"
	"net/netip"
	"slices"
	"sync"

	"github.com/go-iscsi/discovery/cmd/internal/machine"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
)

// Sessions makes one session from every port that could reach a portal
// (--initiator-port each). The Discoverer is given the sessions, so its indexes are not
// those of the portals. Nil stands for one session with each portal: the indexes are the
// same then, and nothing is kept.
type Sessions struct {
	instance string // asked for; empty: all
	selector *ports.Selector
	Lookup   func(ctx context.Context, host string) ([]netip.Addr, error) // once for a name

	mu      sync.Mutex       // guards the following
	current []plannedSession // of the portal that was taken last
	given   int              // of them, to the Discoverer
	count   int              // of the sessions that were begun
	copies  int              // that were made of sessions
	Begun   map[int]Session  // those whose results are not out, by index

	Repeats *Repeats // of the portals that sessions are made of
}

// A plannedSession is one that the Discoverer is to be given.
type plannedSession struct {
	Session
	Asked initiator.SendTargetPortal
}

// A Session is what is kept of a session until its result is out. There may be millions
// of sessions in a run, and 65,536 of them may wait.
type Session struct {
	Portal int        // index of the portal
	nth    int        // which of its sessions, from 0
	of     int        // how many there are
	Port   ports.Port // zero: none reaches the portal
}

// NewSessions returns sessions from the ports of an instance. A host name is looked up
// once, within limit, since its addresses decide from which ports it is asked.
func NewSessions(instance string, selector *ports.Selector, w *machine.Env, limit func(context.Context) (context.Context, context.CancelFunc)) *Sessions {
	names := &lookups{find: w.LookupHost, limit: limit}
	return &Sessions{instance: instance, selector: selector, Lookup: names.lookup, Begun: make(map[int]Session)}
}

// Ports returns the ports for a Discoverer. Which of them reach a portal was seen
// to before, so that a portal that comes without one is not asked from any.
func (ss *Sessions) Ports() *ports.Selector {
	s := *ss.selector
	s.Route = func(context.Context, netip.Addr, netip.Addr) (netip.Addr, error) {
		return netip.Addr{}, errors.New("no initiator port reaches it")
	}
	return &s
}

// Expand makes sessions of portals.
func (ss *Sessions) Expand(ctx context.Context, portals iter.Seq[initiator.SendTargetPortal], limit func(context.Context) (context.Context, context.CancelFunc)) iter.Seq[initiator.SendTargetPortal] {
	if ss == nil {
		return portals
	}
	return func(yield func(initiator.SendTargetPortal) bool) {
		index := 0
		for p := range portals {
			lookup, cancel := limit(ctx)
			sessions := ss.sessions(lookup, p, ss.Repeats.Given(index))
			cancel()
			ss.mu.Lock()
			ss.current, ss.given = sessions, 0
			ss.mu.Unlock()
			index++
			for _, s := range sessions {
				if !yield(s.Asked) {
					return
				}
			}
		}
	}
}

// sessions returns the sessions of a portal.
func (ss *Sessions) sessions(ctx context.Context, p initiator.SendTargetPortal, index int) (all []plannedSession) {
	seen := make(map[netip.Addr]bool)
	for _, addr := range ss.addresses(ctx, p.Portal) {
		known, err := ss.selector.Each(ctx, ss.instance, addr)
		if err != nil {
			continue
		}
		for _, port := range known {
			if seen[port.Address] {
				continue
			}
			seen[port.Address] = true
			from := p
			from.Instance, from.Port, from.Source = port.Instance, ports.All, port.Address
			all = append(all, plannedSession{Session{Portal: index, Port: port}, from})
		}
	}
	if len(all) == 0 {
		// Asking says why it cannot be asked.
		if p.Instance == "" {
			p.Instance = ports.Host
		}
		all = append(all, plannedSession{Session{Portal: index}, p})
	}
	for i := range all {
		all[i].nth, all[i].of = i, len(all)
	}
	return all
}

func (ss *Sessions) addresses(ctx context.Context, p initiator.Portal) []netip.Addr {
	if addr, err := netip.ParseAddr(p.Address); err == nil {
		return []netip.Addr{addr.Unmap()}
	}
	found, _ := ss.Lookup(ctx, p.Address) // the session that is left finds out the same
	found = slices.Clone(found)           // which others have, too
	for i := range found {
		found[i] = found[i].Unmap()
	}
	return found
}

// Record notes which sessions are begun. It stands behind whatever may hold them
// back.
func (ss *Sessions) Record(sessions iter.Seq[initiator.SendTargetPortal]) iter.Seq[initiator.SendTargetPortal] {
	if ss == nil {
		return sessions
	}
	return func(yield func(initiator.SendTargetPortal) bool) {
		for p := range sessions {
			ss.mu.Lock()
			ss.Begun[ss.count] = ss.current[ss.given].Session
			ss.count, ss.given = ss.count+1, ss.given+1
			ss.mu.Unlock()
			if !yield(p) {
				return
			}
		}
	}
}

// Session returns what is known of the session of an index, until it is dropped.
func (ss *Sessions) Session(index int) Session {
	if ss == nil {
		return Session{Portal: index, of: 1}
	}
	ss.mu.Lock()
	defer ss.mu.Unlock()
	return ss.Begun[index]
}

// copyTo notes that a session is reported for another portal of the command line, too, and
// returns the index of that, below zero.
func (ss *Sessions) copyTo(s Session, portal int) int {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	s.Portal = portal
	ss.copies++
	ss.Begun[-ss.copies] = s
	return -ss.copies
}

// Drop forgets a session whose result is out.
func (ss *Sessions) Drop(index int) {
	if ss == nil {
		return
	}
	ss.mu.Lock()
	defer ss.mu.Unlock()
	delete(ss.Begun, index)
}

// IsLast reports the last session of a portal.
func (ss *Sessions) IsLast(index int) bool {
	s := ss.Session(index)
	return s.nth == s.of-1
}

// Rest returns the sessions of the portal taken last that were not begun. The sequence
// may still run then: a cancelled run does not wait for a lookup.
func (ss *Sessions) Rest() []plannedSession {
	if ss == nil {
		return nil
	}
	ss.mu.Lock()
	defer ss.mu.Unlock()
	return ss.current[ss.given:]
}

// Restore gives a result the portal as it was asked for.
func (ss *Sessions) Restore(r *initiator.Result) {
	if ss == nil {
		return
	}
	r.Asked.Instance, r.Asked.Source = ss.instance, netip.Addr{}
}

// EachPort is the word for one session from every port.
const EachPort = "each"
