package fleetmember

import (
	"context"
	"os"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet/fleettest"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/view"
	"github.com/go-iscsi/discovery/test/etcdtest"
	"github.com/go-iscsi/discovery/test/poll"
)

func TestMain(m *testing.M) { os.Exit(etcdtest.Main(m)) }

// TestReading: the fleet is read from the first request, no longer once nobody asks, and
// again when somebody does. Events have numbers without gaps, and are bounded.
func TestReading(t *testing.T) {
	t.Parallel()
	client := etcdtest.Shared(t, etcdtest.Built).Client(t)
	keys := fleettest.Keys(t, "lab")
	fleettest.NewHost(t, client, keys, "one")
	r := newReading(client, keys, fleettest.Name(keys))
	r.idle = 200 * time.Millisecond
	var begun atomic.Int32
	newReader := r.new
	r.new = func() *view.Reader { begun.Add(1); return newReader() }
	ctx, cancel := context.WithCancel(t.Context())
	ended := running(func() { r.run(ctx) })
	if begun.Load() != 0 {
		t.Error("the fleet is read before anybody asks")
	}
	for round := range int32(2) {
		if v := r.View(t.Context()); v == nil || v.Hosts["one"] == nil || begun.Load() != round+1 {
			t.Fatalf("got %+v of %d readers, want the host of the first", v, begun.Load())
		}
		poll.Until(t, fleettest.Limit, "nobody asks, and the fleet is read no longer", func() string {
			r.mu.Lock()
			defer r.mu.Unlock()
			if r.reader != nil {
				return "it is read"
			}
			return ""
		})
	}
	cancel()
	<-ended
	if v := r.View(ctx); v != nil {
		t.Errorf("got %+v after the end", v)
	}

	r.add(slices.Repeat([]view.Event{{Type: view.HostBack, Host: "x"}}, maxEvents+5))
	events := r.Events()
	if n := len(events); n != maxEvents || events[0].Seq != 6 || events[n-1].Seq != maxEvents+5 {
		t.Errorf("got %d events, from %d to %d", n, events[0].Seq, events[n-1].Seq)
	}
}

// running runs f in a goroutine and returns a channel that is closed at its end.
func running(f func()) <-chan struct{} {
	done := make(chan struct{})
	go func() { defer close(done); f() }()
	return done
}
