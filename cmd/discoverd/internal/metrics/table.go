package metrics

import (
	"sync"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/watch"
)

// A Table is what the metrics tell. Its methods may be called from several goroutines.
type Table struct {
	mu      sync.Mutex // guards the following
	entries map[string]*entry
	portals map[string]*portal
	late    histogram // how late attempts began
	servers map[string]*server
	up      bool // the registry can be read
	census  Census
	fleet   func() Fleet // nil: the daemon is in none
	pair    func() Pair  // nil: the daemon is in none
}

// A portal is what entries of one portal have in common.
type portal struct {
	entries  int
	duration histogram
	changes  map[watch.Type]uint64
}

// NewTable returns a Table without anything in it.
func NewTable() *Table {
	return &Table{entries: make(map[string]*entry), portals: make(map[string]*portal), servers: make(map[string]*server)}
}

// Report takes in the state of an entry, after an attempt or when it was added or removed.
func (t *Table) Report(s *watch.State) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if s.ISNS {
		t.reportServer(s)
		return
	}
	id := keyText(s.Key)
	e := t.entries[id]
	name := s.Key.Portal.String()
	p := t.portal(name)
	switch {
	case s.Removed:
		if e != nil {
			delete(t.entries, id)
			p.entries--
		}
		if p.entries == 0 {
			delete(t.portals, name)
		}
		return
	case e == nil:
		e = &entry{portal: name, instance: s.Key.Instance, port: s.Key.Port.String(), attempts: make(map[outcome]uint64)}
		t.entries[id] = e
		p.entries++
	}
	e.take(s)
	if s.Last == nil { // no attempt is reported
		return
	}
	if s.Last.Err == nil {
		e.attempts[outcome{result: "ok"}]++
	} else {
		e.attempts[outcome{"error", e.failure.Stage}]++
	}
	p.duration.observe(s.Last.Elapsed.Seconds())
	t.late.observe(max(s.Late, 0).Seconds())
}

// Forget forgets all entries: nothing asks them any more.
func (t *Table) Forget() {
	t.mu.Lock()
	defer t.mu.Unlock()
	clear(t.entries)
	clear(t.portals)
	clear(t.servers)
}

// Count counts an event. A snapshot is no change, and of a portal that was removed no series stays.
func (t *Table) Count(e *watch.Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch e.Type {
	case watch.Snapshot, watch.PortalRemoved:
		return
	case watch.SourceFailed:
		t.up = false
		return
	case watch.SourceRecovered:
		t.up = true
		return
	}
	switch {
	case e.ISNS:
		t.server(e.Key.Portal.String()).changes[e.Type]++
	case e.Key.Portal.Address != "":
		t.portal(e.Key.Portal.String()).changes[e.Type]++ // an entry that was added is told before it is reported
	}
}

// portal returns the portal of a name. The caller has t.mu.
func (t *Table) portal(name string) *portal {
	p := t.portals[name]
	if p == nil {
		// What is alerted on begins at 0: an increase from nothing is none to Prometheus.
		p = &portal{changes: map[watch.Type]uint64{watch.TargetVanished: 0, watch.AuthChanged: 0}}
		t.portals[name] = p
	}
	return p
}

// SetCensus takes in what the registry has.
func (t *Table) SetCensus(c Census) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.census, t.up = c, true
}

// SetUnreadable says that the registry cannot be read: what it had is not told any more.
func (t *Table) SetUnreadable() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.census, t.up = Census{}, false
}

// Up reports that the registry can be read.
func (t *Table) Up() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.up
}

// Tally returns how many entries answered last, how many there are, and when the next is
// asked; zero: that is not known.
func (t *Table) Tally() (up, all int, next time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, e := range t.entries {
		if e.status == watch.Up || e.status == watch.Few {
			up++
		}
		if next.IsZero() || !e.next.IsZero() && e.next.Before(next) {
			next = e.next
		}
	}
	return up, len(t.entries), next
}

// keyText tells entries apart.
func keyText(k initiator.Key) string {
	return k.Portal.String() + "\x00" + k.Instance + "\x00" + k.Port.String()
}
