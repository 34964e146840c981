package fleetsim_test

import (
	"context"
	"sync"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/fleettest"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/leader"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/view"
	"github.com/go-iscsi/discovery/test/etcdtest"
	"github.com/go-iscsi/discovery/test/fleetsim"
)

// A sim is a small fleet with a leader and a reader.
type sim struct {
	*testing.T
	*fleetsim.Fleet
	client *clientv3.Client
	reader *view.Reader
	states chan leader.State
}

// TestFleet: what a fleet writes grows as docs/guide/fleet.md says: a host one transaction for
// itself and one for its paths, nothing at rest, and one for a change; lists once for all. The
// same with 10,000 hosts, and how long it takes, is test/bench -only fleet.
func TestFleet(t *testing.T) {
	t.Parallel()
	size := fleetsim.Size{Hosts: 100, Portals: 8, Targets: 50, Lists: 5, Clients: 4, Every: time.Minute}
	s := newSim(t, size)
	began := s.revision()
	s.Start(0)
	s.sees("all paths", func(v *view.View) bool {
		for _, h := range v.Hosts {
			if h.Silent() || h.Known == nil || len(h.Paths) != size.Portals {
				return false
			}
		}
		return len(v.Hosts) == size.Hosts
	})
	s.copied(size.Lists)
	s.gone(fleet.KindPart, fleet.KindWant)
	all, revision, err := fleetsim.Count(t.Context(), s.client, s.Keys)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range []struct {
		name        string
		kind        fleet.Kind
		keys, bytes int // exactly, and each at most
	}{
		{"info", fleet.KindInfo, size.Hosts, 700},
		{"path", fleet.KindPath, size.Hosts * size.Portals, 400},
		{"known", fleet.KindKnown, size.Hosts, 250},
		{"copy", fleet.KindCopy, size.Lists, 100 + 40*size.Targets},
	} {
		if got := all[k.kind]; got.Keys != k.keys || got.Bytes > k.keys*k.bytes {
			t.Errorf("%s: got %d keys of %d bytes, want %d of at most %d each", k.name, got.Keys, got.Bytes, k.keys, k.bytes)
		}
	}
	// Of a host its record, and its paths in two transactions at most; of a list the question,
	// the answer, the copy and its end; what the leader notes of hosts comes in as many as Views.
	if writes, most := int(revision-began), 3*size.Hosts+4*size.Lists+size.Hosts+10; writes < 2*size.Hosts || writes > most {
		t.Errorf("got %d transactions, want at most %d", writes, most)
	}

	for range 3 {
		s.Round()
	}
	if n, err := s.Connected(); n != size.Hosts || err != nil {
		t.Errorf("got %d hosts with nothing to write, error %v, want %d", n, err, size.Hosts)
	}
	s.wrote("three rounds in which nothing changes", revision, 0)
	s.Fail(7, 3)
	s.sees("the failure", failing(1))
	s.wrote("one path that fails", revision, 1)
	for i := range size.Hosts {
		s.Fail(i, 3)
	}
	s.sees("all failures", failing(size.Hosts))
	s.wrote("the same path of all others", revision+1, size.Hosts-1)
}

func newSim(t *testing.T, size fleetsim.Size) *sim {
	t.Helper()
	server := etcdtest.Start(t, etcdtest.Options{})
	s := &sim{T: t, client: server.Client(t), states: make(chan leader.State, 10_000)}
	keys := fleettest.Keys(t, "sim")
	var err error
	if s.Fleet, err = fleetsim.New(size, keys, func() (*clientv3.Client, error) { return clientv3.New(server.Config(t)) }); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.PowerOff)
	s.reader = view.NewReader(s.client, keys)
	lead, err := leader.New(leader.Config{Client: s.client, Keys: keys, Name: "lead", Every: size.Every, Report: func(is leader.State) { s.states <- is }})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { s.reader.Run(ctx) })
	running.Go(func() { lead.Run(ctx) })
	t.Cleanup(func() { cancel(); running.Wait() })
	return s
}

// sees waits until the reader sees what has to come.
func (s *sim) sees(what string, is func(*view.View) bool) {
	s.Helper()
	limit := time.After(fleettest.Limit)
	for {
		changed := s.reader.Changed()
		if is(s.reader.View()) {
			return
		}
		select {
		case <-changed:
		case <-limit:
			s.Fatalf("%s: not in time", what)
		}
	}
}

// copied waits until the leader has copied so many lists.
func (s *sim) copied(lists int) {
	s.Helper()
	limit := time.After(fleettest.Limit)
	for {
		select {
		case is := <-s.states:
			if is.Copied == lists && is.Lacking == 0 {
				return
			}
		case <-limit:
			s.Fatal("the lists are not copied in time")
		}
	}
}

// gone waits until there are no keys of some kinds.
func (s *sim) gone(kinds ...fleet.Kind) {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), fleettest.Limit)
	defer cancel()
	for range s.client.Watch(ctx, s.Keys.Prefix(), clientv3.WithPrefix(), clientv3.WithCreatedNotify()) {
		all, _, err := fleetsim.Count(ctx, s.client, s.Keys)
		if err != nil {
			s.Fatal(err)
		}
		left := 0
		for _, k := range kinds {
			left += all[k].Keys
		}
		if left == 0 {
			return
		}
	}
	s.Fatal("what only the leader and hosts need is not removed in time")
}

func (s *sim) revision() int64 {
	s.Helper()
	got, err := s.client.Get(s.Context(), "now")
	if err != nil {
		s.Fatal(err)
	}
	return got.Header.Revision
}

// wrote holds what was written since a revision to a number of transactions.
func (s *sim) wrote(what string, since int64, want int) {
	s.Helper()
	if got := int(s.revision() - since); got != want {
		s.Errorf("%s: got %d transactions, want %d", what, got, want)
	}
}

// failing reports that the portal with index 3 fails for so many hosts.
func failing(want int) func(*view.View) bool {
	return func(v *view.View) bool {
		n := 0
		for _, p := range v.Portals() {
			if p.Portal.Address == "192.0.2.4" {
				n = p.Failing
			}
		}
		return n == want
	}
}
