package host_test

import (
	"errors"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/host"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
	"github.com/go-iscsi/discovery/pkg/initiator/watch"
)

// slow returns a Host that is never connected, whose answers are encoded one by one when the
// test says so.
func slow(t *testing.T, queued int) (h *host.Host, encode chan<- struct{}) {
	t.Helper()
	let := make(chan struct{})
	h = observer(t)
	h, err := host.NewLimited(host.ConfigOf(h), host.Limits{Queued: queued, Encode: func(targets []target.Target) (*fleet.Answer, error) {
		<-let
		return fleet.Encode(targets)
	}})
	if err != nil {
		t.Fatal(err)
	}
	return h, let
}

func see(h *host.Host, n int, all []target.Target) {
	h.Observe(&watch.State{Key: key(n), Since: time.Now(), Targets: len(all), Last: &initiator.Result{Complete: true}}, all)
}

func fail(h *host.Host, n int) {
	h.Observe(&watch.State{Key: key(n), FailingSince: time.Now(), Last: &initiator.Result{Err: errors.New("told")}}, nil)
}

// TestObserveDoesNotEncode: the goroutine of the watch does not wait until an answer is
// encoded; what it tells meanwhile is taken in order, and the answer is as it was when it was
// told.
func TestObserveDoesNotEncode(t *testing.T) {
	t.Parallel()
	h, encode := slow(t, 0)
	xs := targets("x")
	see(h, 1, xs)
	xs[0].Name, xs[0].Addresses[0].Host = "changed", "192.0.2.99"
	fail(h, 1)
	see(h, 2, targets("y"))
	see(h, 2, targets("x")) // is known by then
	fail(h, 3)
	if n := h.State().Encoding; n != 5 {
		t.Errorf("got %d waiting, want 5", n)
	}
	encode <- struct{}{}
	encode <- struct{}{}
	x := encoded(t, []string{"x"}).Digest
	if p := host.PathOf(h, entry(1)); p.Up || p.Answer != x {
		t.Errorf("got %+v, want a failure with answer %v", p, x)
	}
	if p := host.PathOf(h, entry(2)); !p.Up || p.Answer != x {
		t.Errorf("got %+v, want answer %v", p, x)
	}
	if p := host.PathOf(h, entry(3)); p == nil || p.Up {
		t.Errorf("got %+v, want a failure", p)
	}
	fail(h, 2) // nothing waits: at once
	if p := host.PathOf(h, entry(2)); p.Up {
		t.Errorf("got %+v, want a failure", p)
	}
}

// TestObserveIsBounded: where more answers come than may wait, Observe waits.
func TestObserveIsBounded(t *testing.T) {
	t.Parallel()
	h, encode := slow(t, 1)
	see(h, 1, targets("x"))
	done := make(chan struct{})
	go func() { see(h, 2, targets("y")); close(done) }()
	for range 100 {
		if h.State().Encoding > 1 {
			t.Error("two answers wait")
		}
	}
	select {
	case <-done:
		t.Error("Observe did not wait")
	default:
	}
	encode <- struct{}{}
	<-done
	encode <- struct{}{}
	for n, name := range map[int]string{1: "x", 2: "y"} {
		if p := host.PathOf(h, entry(n)); p.Answer != encoded(t, []string{name}).Digest {
			t.Errorf("portal %d: got %+v", n, p)
		}
	}
}
