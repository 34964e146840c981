package etcd_test

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// manyTargets is what a portal has: its answer takes several batches.
const manyTargets = 200

// An array is a portal with manyTargets, half of which go, and others with few.
type array struct{ less atomic.Bool }

// shared is the portal with many targets.
var shared = netip.MustParseAddr("192.0.2.1")

func (a *array) dial(_ context.Context, _ netip.Addr, dst netip.AddrPort) (net.Conn, error) {
	n := manyTargets
	switch {
	case dst.Addr() != shared:
		n = 4
	case a.less.Load():
		n /= 2
	}
	target := &iscsitest.Target{}
	for i := range n {
		target.Records = append(target.Records, iscsitest.Record{Name: fmt.Sprintf("iqn.2026-11.com.example:disk%06d", i), Addresses: []string{"192.0.2.1:3260,1"}})
	}
	ours, theirs := net.Pipe()
	go func() { _ = iscsitest.Serve(theirs, target) }()
	return ours, nil
}

// service returns a Service on a store that asks the array.
func (a *array) service(t *testing.T, store registry.Store) *registry.Service {
	t.Helper()
	s, err := registry.Open(registry.Config{
		Store:      store,
		Discoverer: &initiator.Discoverer{InitiatorName: "iqn.2026-11.com.example:host", Dial: a.dial},
		Addresses:  func() ([]ports.Address, error) { return nil, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// testServices: the two hosts of a pair work on one registry at the same time: they add,
// refresh and prune, and each sees what the other did.
func testServices(t *testing.T, w *world) {
	prefix := w.prefix()
	a := new(array)
	pair := []*registry.Service{a.service(t, open(t, w.client, prefix)), a.service(t, open(t, dial(t, w.config(t, "pair")), prefix))}

	both(pair, func(i int, s *registry.Service) {
		for _, address := range []string{shared.String(), fmt.Sprintf("192.0.2.%d", 10+i)} { // one of the pair, and one of its own
			p := initiator.SendTargetPortal{Portal: initiator.Portal{Address: address, Port: 3260}}
			if _, err := s.AddSendTargetPortal(t.Context(), p); err != nil {
				t.Errorf("add: %v", err)
			}
		}
	})
	for i, s := range pair {
		if n, err := s.ReportSendTargetPortals(t.Context(), make([]initiator.Key, 10)); n != 3 || err != nil {
			t.Errorf("service %d has %d portals, %v, want 3", i, n, err)
		}
	}
	refresh := func(_ int, s *registry.Service) {
		for r := range s.RefreshAll(t.Context()) {
			if r.Err != nil {
				t.Errorf("refresh: %v", r.Err)
			}
		}
	}
	both(pair, refresh)
	wantTargets(t, pair, manyTargets)

	a.less.Store(true)
	both(pair, refresh)
	wantTargets(t, pair, manyTargets)
	var pruned atomic.Int64
	both(pair, func(_ int, s *registry.Service) {
		n, err := s.PruneTargets(t.Context(), 0)
		if err != nil {
			t.Errorf("prune: %v", err)
		}
		pruned.Add(int64(n))
	})
	wantTargets(t, pair, manyTargets/2)
	if got := pruned.Load(); got < manyTargets/2 {
		t.Errorf("%d targets were pruned, want %d", got, manyTargets/2)
	}
}

// both has each Service do something at the same time.
func both(pair []*registry.Service, do func(i int, s *registry.Service)) {
	var wg sync.WaitGroup
	for i, s := range pair {
		wg.Go(func() { do(i, s) })
	}
	wg.Wait()
}

// wantTargets holds how many targets each Service knows.
func wantTargets(t *testing.T, pair []*registry.Service, want int) {
	t.Helper()
	for i, s := range pair {
		n := 0
		for _, err := range s.Targets(t.Context(), false) {
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
		if n != want {
			t.Errorf("service %d knows %d targets, want %d", i, n, want)
		}
	}
}
