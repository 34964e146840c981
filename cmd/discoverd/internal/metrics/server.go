package metrics

import (
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isns"
	"github.com/go-iscsi/discovery/pkg/initiator/watch"
)

// A server is what is known of an iSNS server of the registry.
type server struct {
	status   watch.Status
	targets  int
	lastOK   time.Time
	changes  map[watch.Type]uint64
	notified bool // it is to send notices: what follows counts

	registered bool
	notices    uint64
}

// server returns the iSNS server of a name. The caller has t.mu.
func (t *Table) server(name string) *server {
	s := t.servers[name]
	if s == nil {
		s = &server{status: watch.Unknown, changes: map[watch.Type]uint64{watch.TargetVanished: 0}}
		t.servers[name] = s
	}
	return s
}

// reportServer takes in the state of an iSNS server. The caller has t.mu.
func (t *Table) reportServer(s *watch.State) {
	name := s.Key.Portal.String()
	if s.Removed {
		delete(t.servers, name)
		return
	}
	x := t.server(name)
	x.status, x.targets, x.lastOK = s.Status, s.Targets, s.LastOK
}

// Notices takes in how we are registered for the notices of an iSNS server.
func (t *Table) Notices(of initiator.Portal, s isns.SubscriptionState) {
	t.mu.Lock()
	defer t.mu.Unlock()
	x := t.servers[of.String()]
	ended := !s.Registered && s.Err == nil
	switch {
	case x == nil && ended:
		return // the server is gone
	case x == nil:
		x = t.server(of.String())
	case ended && x.status == watch.Unknown: // it was not reported since it went
		delete(t.servers, of.String())
	}
	x.notified = true
	if x.registered = s.Registered; s.Notice {
		x.notices++
	}
}

// server adds the series of an iSNS server.
func (c *collection) server(name string, s *server) {
	if s.status != watch.Unknown {
		is := 0.0
		if s.status != watch.Down {
			is = 1
		}
		c.add(isnsUp, is, name)
	}
	if !s.lastOK.IsZero() {
		c.add(isnsTargets, float64(s.targets), name)
	}
	c.time(isnsLastSuccess, s.lastOK, name)
	if s.notified {
		is := 0.0
		if s.registered {
			is = 1
		}
		c.add(isnsRegistered, is, name)
		c.add(isnsNotices, float64(s.notices), name)
	}
	for kind, n := range s.changes {
		c.add(isnsChanges, float64(n), name, string(kind))
	}
}
