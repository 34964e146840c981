package sweep

import (
	"context"
	"errors"
	"iter"
	"net/netip"
	"slices"
	"sync"

	"github.com/go-iscsi/discovery/cmd/discover/internal/machine"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
)

// Sessions makes one session from every port that could reach a portal. The sessions
// are what a Discoverer is given: their indexes are not those of the portals.
type Sessions struct {
	instance string // asked for; empty: all
	selector *ports.Selector
	Lookup   func(ctx context.Context, host string) ([]netip.Addr, error) // once for a name

	mu      sync.Mutex       // guards the following
	current []plannedSession // of the portal that was taken last
	given   int              // of them, to the Discoverer
	count   int              // of the sessions that were begun
	Begun   map[int]Session  // those whose results are not out, by index
}

// A session is one way to ask a portal.
type plannedSession struct {
	Session
	Asked initiator.SendTargetPortal
}

// A way is what is kept of a session until its result is out. There may be millions
// of sessions in a run, and 65,536 of them may wait.
type Session struct {
	portal int        // index of the portal
	nth    int        // which of its sessions, from 0
	of     int        // how many there are
	Port   ports.Port // zero: none reaches the portal
}

// NewSessions returns an each on the ports of an instance. Names are looked up once, each
// within limit: who has ports is who is asked.
func NewSessions(instance string, selector *ports.Selector, w *machine.Env, limit func(context.Context) (context.Context, context.CancelFunc)) *Sessions {
	names := &lookups{find: w.LookupHost, limit: limit}
	return &Sessions{instance: instance, selector: selector, Lookup: names.lookup, Begun: make(map[int]Session)}
}

// Ports returns the ports for a Discoverer. Which of them reach a portal was seen
// to before, so that a portal that comes without one is not asked from any.
func (e *Sessions) Ports() *ports.Selector {
	s := *e.selector
	s.Route = func(context.Context, netip.Addr, netip.Addr) (netip.Addr, error) {
		return netip.Addr{}, errors.New("no port reaches it")
	}
	return &s
}

// Expand makes sessions of portals.
func (e *Sessions) Expand(ctx context.Context, portals iter.Seq[initiator.SendTargetPortal], limit func(context.Context) (context.Context, context.CancelFunc)) iter.Seq[initiator.SendTargetPortal] {
	return func(yield func(initiator.SendTargetPortal) bool) {
		index := 0
		for p := range portals {
			lookup, cancel := limit(ctx)
			sessions := e.sessions(lookup, p, index)
			cancel()
			e.mu.Lock()
			e.current, e.given = sessions, 0
			e.mu.Unlock()
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
func (e *Sessions) sessions(ctx context.Context, p initiator.SendTargetPortal, index int) (all []plannedSession) {
	seen := make(map[netip.Addr]bool)
	for _, addr := range e.addresses(ctx, p.Portal) {
		known, err := e.selector.Each(ctx, e.instance, addr)
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
			all = append(all, plannedSession{Session{portal: index, Port: port}, from})
		}
	}
	if len(all) == 0 {
		// Asking says why it cannot be asked.
		if p.Instance == "" {
			p.Instance = ports.Host
		}
		all = append(all, plannedSession{Session{portal: index}, p})
	}
	for i := range all {
		all[i].nth, all[i].of = i, len(all)
	}
	return all
}

func (e *Sessions) addresses(ctx context.Context, p initiator.Portal) []netip.Addr {
	if addr, err := netip.ParseAddr(p.Address); err == nil {
		return []netip.Addr{addr.Unmap()}
	}
	found, _ := e.Lookup(ctx, p.Address) // the session that is left finds out the same
	found = slices.Clone(found)          // which others have, too
	for i := range found {
		found[i] = found[i].Unmap()
	}
	return found
}

// Record notes which sessions are begun. It stands behind whatever may hold them
// back.
func (e *Sessions) Record(sessions iter.Seq[initiator.SendTargetPortal]) iter.Seq[initiator.SendTargetPortal] {
	return func(yield func(initiator.SendTargetPortal) bool) {
		for p := range sessions {
			e.mu.Lock()
			e.Begun[e.count] = e.current[e.given].Session
			e.count, e.given = e.count+1, e.given+1
			e.mu.Unlock()
			if !yield(p) {
				return
			}
		}
	}
}

// Session returns what is known of the session of an index, until it is dropped.
func (e *Sessions) Session(index int) Session {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.Begun[index]
}

// Drop forgets a session whose result is out.
func (e *Sessions) Drop(index int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.Begun, index)
}

// IsLast reports the last session of a portal.
func (e *Sessions) IsLast(index int) bool {
	s := e.Session(index)
	return s.nth == s.of-1
}

// Rest returns the sessions of the portal taken last that were not begun. The sequence
// may still run then: a cancelled run does not wait for a lookup.
func (e *Sessions) Rest() []plannedSession {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.current[e.given:]
}

// Restore gives a result the portal as it was asked for.
func (e *Sessions) Restore(r *initiator.Result) {
	r.Portal.Instance, r.Portal.Source = e.instance, netip.Addr{}
}

// EachPort is the word for one session from every port.
const EachPort = "each"
