package leader_test

import (
	"context"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/fleettest"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/view"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/etcd"
	"github.com/go-iscsi/discovery/test/etcdtest"
)

// A listener follows a fleet and counts its events.
type listener struct {
	*view.Reader
	mu     sync.Mutex
	events []view.Event // guarded by mu
	seen   *view.View   // guarded by mu; of which the events were told
}

func listen(t *testing.T, r *view.Reader) *listener {
	t.Helper()
	l := &listener{Reader: r, seen: r.View()}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { r.Run(ctx) })
	running.Go(func() {
		for {
			changed := r.Changed()
			v := r.View()
			l.mu.Lock()
			l.events = append(l.events, view.Events(l.seen, v)...)
			l.seen = v
			l.mu.Unlock()
			select {
			case <-changed:
			case <-ctx.Done():
				return
			}
		}
	})
	t.Cleanup(func() { cancel(); running.Wait() })
	return l
}

// await returns when a View, of which the events were told, is as it should be.
func (l *listener) await(t *testing.T, what string, ok func(*view.View) bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(fleettest.Limit)
	for {
		l.mu.Lock()
		done := ok(l.seen)
		l.mu.Unlock()
		if done {
			return
		}
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("%s: not in time; events are %+v", what, l.events)
		}
	}
}

// TestEventsOnce: a host dies and comes back, the leader ends and another follows it, and the
// reader is cut off meanwhile: each is told once.
func TestEventsOnce(t *testing.T) {
	t.Parallel()
	server, keys := etcdtest.Shared(t, etcdtest.Built), fleettest.Keys(t, "f")
	client := server.Client(t)
	proxy := fleettest.NewProxy(t, server.Address().String())
	far, err := etcd.Dial(t.Context(), etcd.Config{Endpoints: []string{"http://" + proxy.Address}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { far.Close() })
	l := listen(t, view.NewReader(far, keys))
	l.await(t, "the empty fleet", func(v *view.View) bool { return v.Revision > 0 })

	one := start(t, client, keys, "one")
	for _, name := range []string{"a", "b", "c"} {
		fleettest.NewHost(t, client, keys, name).See("192.0.2.1", "iqn.2026-01.example:1")
	}
	dying := fleettest.NewHost(t, client, keys, "d")
	l.await(t, "all hosts known", func(v *view.View) bool {
		return len(v.Hosts) == 4 && v.Hosts["d"].Known != nil && len(v.Hosts["c"].Paths) == 1 && v.Leader == "one"
	})
	dying.End()
	l.await(t, "host d silent", func(v *view.View) bool { return v.Hosts["d"].Silent() && !v.Hosts["d"].Known.SilentSince.IsZero() })

	proxy.Cut()
	l.await(t, "cut off", func(v *view.View) bool { return !v.Stale.IsZero() })
	start(t, client, keys, "two")
	one.end()
	fleettest.NewHost(t, client, keys, "d").Fail("192.0.2.1", "connect", "refused")
	known(t, client, keys, "d", func(k *fleet.Known) bool { return k.SilentSince.IsZero() })
	proxy.Lead(server.Address().String())
	l.await(t, "all again", func(v *view.View) bool {
		return v.Stale.IsZero() && v.Leader == "two" && len(v.Hosts["d"].Paths) == 1 && v.Hosts["d"].Known.SilentSince.IsZero()
	})

	l.mu.Lock()
	defer l.mu.Unlock()
	got := map[view.Type]int{}
	for _, e := range l.events {
		got[e.Type]++
	}
	want := map[view.Type]int{view.HostAppeared: 4, view.HostSilent: 1, view.HostBack: 1, view.PortalFailed: 1, view.LeaderChanged: 2}
	delete(got, view.AnswerLie) // no host delivers the answer in this test
	if !maps.Equal(got, want) {
		t.Errorf("got %v, want %v: %+v", got, want, l.events)
	}
}
