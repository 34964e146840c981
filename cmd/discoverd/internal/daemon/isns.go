package daemon

import (
	"context"
	"maps"
	"sync"
	"time"

	"github.com/go-iscsi/discovery/cmd/internal/app"
	"github.com/go-iscsi/discovery/cmd/internal/terminal"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isns"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// notices are the registrations at the iSNS servers of the registry.
type notices struct {
	*daemon
	listener *isns.Listener
	members  map[initiator.Key]*member
	rooms    sync.WaitGroup

	mu      sync.Mutex // guards waiting
	waiting map[initiator.Key]bool
	more    chan struct{}
}

// A member is a server at which we are registered, or want to be.
type member struct {
	server registry.ISNSServer
	end    context.CancelFunc
	ended  chan struct{}
}

// listenNotices opens the listener for notices; nil: there is to be none, or none before
// this discoverd is the active one of its pair.
func (d *daemon) listenNotices(ctx context.Context) (*isns.Listener, error) {
	if !d.options.notices.IsValid() || d.shared != nil {
		return nil, nil
	}
	return isns.Listen(ctx, d.options.notices)
}

// runNotices keeps the registrations until ctx ends, and takes them back then. Each notice
// goes to the watch.
func (d *daemon) runNotices(ctx context.Context, l *isns.Listener) {
	n := &notices{daemon: d, listener: l, members: make(map[initiator.Key]*member), waiting: make(map[initiator.Key]bool), more: make(chan struct{}, 1)}
	d.Say("iSNS servers send notices to %s", l.Addr())
	listening, end := context.WithCancel(context.WithoutCancel(ctx)) // until the registrations are taken back
	n.rooms.Go(func() { l.Serve(listening) })
	n.rooms.Go(func() { n.forward(ctx) })
	tick := time.NewTicker(d.every)
	defer tick.Stop()
	for ctx.Err() == nil {
		n.list(ctx)
		select {
		case <-ctx.Done():
		case <-d.relist:
		case <-tick.C:
		}
	}
	for _, m := range n.members {
		<-m.ended
	}
	end()
	n.rooms.Wait()
}

// list begins and ends registrations, as the registry has servers. Where it cannot be read
// they stay as they are.
func (n *notices) list(ctx context.Context) {
	gone := maps.Clone(n.members)
	for v, err := range n.service.ISNSServers(ctx) {
		switch {
		case err != nil && app.IsOneRecord(err):
			continue
		case err != nil:
			return // the watch tells it
		}
		m := n.members[v.Key()]
		if m != nil && m.over() {
			m = nil // such as where the registry could not be read
		}
		if m != nil && m.server == v.ISNSServer {
			delete(gone, v.Key())
			continue
		}
		if m != nil {
			m.end()
			<-m.ended
		}
		delete(gone, v.Key())
		n.begin(ctx, v.ISNSServer)
	}
	for key, m := range gone {
		m.end()
		<-m.ended
		delete(n.members, key)
	}
}

// over reports that a registration has ended by itself.
func (m *member) over() bool {
	select {
	case <-m.ended:
		return true
	default:
		return false
	}
}

// begin registers us at a server.
func (n *notices) begin(ctx context.Context, v registry.ISNSServer) {
	ctx, end := context.WithCancel(ctx)
	m := &member{server: v, end: end, ended: make(chan struct{})}
	n.members[v.Key()] = m
	said := &saying{daemon: n.daemon, server: v.Address}
	go func() {
		defer close(m.ended)
		defer end()
		err := n.service.SubscribeISNSServer(ctx, n.listener, v, func() { n.knock(v.Key()) }, said.report)
		if err != nil {
			said.report(isns.SubscriptionState{Err: err})
		}
	}()
}

// A saying tells how a registration stands, each change once.
type saying struct {
	*daemon
	server initiator.Portal

	mu   sync.Mutex // guards last
	last string
}

// report takes what a subscription reports.
func (s *saying) report(state isns.SubscriptionState) {
	s.table.Notices(s.server, state)
	if state.Notice {
		s.Log().Info("iSNS notice", "server", s.server.String())
		return
	}
	words := ""
	switch {
	case state.Registered:
		words = "registered for its notices"
	case state.Err != nil:
		words = "not registered for its notices: " + state.Err.Error()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if words != "" && words != s.last {
		s.Say("iSNS server %s: %s", terminal.Visible(s.server.String()), words)
	}
	s.last = words
}

// knock has the watch ask a server. It does not block, and many knocks are one.
func (n *notices) knock(key initiator.Key) {
	n.mu.Lock()
	n.waiting[key] = true
	n.mu.Unlock()
	knock(n.more)
}

// forward hands servers to the watch.
func (n *notices) forward(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-n.more:
		}
		n.mu.Lock()
		waiting := n.waiting
		n.waiting = make(map[initiator.Key]bool)
		n.mu.Unlock()
		for key := range waiting {
			select {
			case <-ctx.Done():
				return
			case n.noticed <- key:
			}
		}
	}
}
