//go:build !race

package view

import (
	"fmt"
	"maps"
	"runtime"
	"testing"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/fleettest"
)

// The fleet that a Reader has to bear.
const (
	bigHosts = 10_000
	bigPaths = 8 // of each host
)

// big returns the state of a fleet of bigHosts hosts.
func big(t testing.TB) *state {
	t.Helper()
	s := newState(fleettest.Keys(t, "big"))
	revision := int64(0)
	for h := range bigHosts {
		host := fmt.Sprintf("host-%05d.storage.example", h)
		revision++
		s.put(&mvccpb.KeyValue{Key: []byte(s.keys.Info(host)), Value: (&fleet.Info{Host: host, ID: host, Version: "v1.2.3", Every: 60}).Encode(), ModRevision: revision})
		for p := range bigPaths {
			revision++
			s.put(bigPath(s, host, p, true, revision))
		}
	}
	return s
}

func bigPath(s *state, host string, portal int, up bool, revision int64) *mvccpb.KeyValue {
	p := &fleet.Path{Host: host, Up: up, Since: time.Unix(revision, 0), Source: "192.0.2.77", Targets: 500, Answer: fleet.Digest{1, byte(portal)}}
	if !up {
		p.Stage, p.Message, p.Code = "connect", "connect to 192.0.2.1:3260: connection refused; is a target listening there?", 7
	}
	key := s.keys.Path(host, fleettest.Entry(fmt.Sprintf("192.0.2.%d", portal)))
	return &mvccpb.KeyValue{Key: []byte(key), Value: p.Encode(), ModRevision: revision}
}

// TestBigMemory: a View takes at most 1 KB a path, and one change costs no copy of the paths
// of all hosts. It runs alone, since it counts what the process allocates.
func TestBigMemory(t *testing.T) {
	before := inUse()
	s := big(t)
	v := s.view()
	if per := (inUse() - before) / (bigHosts * bigPaths); per > 1024 {
		t.Errorf("got %d bytes a path, want at most 1024", per)
	} else {
		t.Logf("%d bytes a path", per)
	}

	change := bigPath(s, "host-00042.storage.example", 3, false, 1_000_000)
	const changes = 10
	allocated := total()
	for range changes {
		s.put(change)
		v = s.view()
	}
	// The map of hosts is copied, 16 bytes and its room for each; paths would be over 7 MB.
	if per := (total() - allocated) / changes; per > 1<<20 {
		t.Errorf("one change allocates %d bytes, want at most %d", per, 1<<20)
	} else {
		t.Logf("one change allocates %d bytes", per)
	}
	runtime.KeepAlive(v)
	runtime.KeepAlive(s)
}

func inUse() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func total() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

// BenchmarkChange is one change in a big view, with the View and the events of it; against
// BenchmarkChangeFloor, a copy of the map of its hosts.
func BenchmarkChange(b *testing.B) {
	s := big(b)
	before := s.view()
	revision, up := int64(1_000_000), false
	for b.Loop() {
		revision++
		s.put(bigPath(s, "host-00042.storage.example", 3, up, revision))
		after := s.view()
		if events := Events(before, after); len(events) != 1 {
			b.Fatalf("got events %v, want one", events)
		}
		before, up = after, !up
	}
}

func BenchmarkChangeFloor(b *testing.B) {
	s := big(b)
	for b.Loop() {
		_ = maps.Clone(s.hosts)
	}
}

// BenchmarkPortals groups all paths of a big view.
func BenchmarkPortals(b *testing.B) {
	v := big(b).view()
	for b.Loop() {
		if n := len(v.Portals()); n != bigPaths {
			b.Fatalf("got %d portals", n)
		}
	}
}
