//go:build unix

package strongswan

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/internal/need"
	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
	"github.com/go-iscsi/discovery/pkg/ipsec/strongswan/internal/vici"
)

// fill fills the queue of a charon that accepts nothing.
func fill(t *testing.T, c *charon) {
	t.Helper()
	for {
		nc, err := net.Dial("unix", c.Socket)
		switch {
		case err == nil:
			t.Cleanup(func() { nc.Close() })
		case errors.Is(err, syscall.EAGAIN):
			return
		default:
			t.Fatal(err)
		}
	}
}

// soon is a context that ends before anything was accepted, and on a busy machine not
// before the queue was found full.
func soon(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 400*time.Millisecond)
	t.Cleanup(cancel)
	return ctx
}

// wantBusy fails the test where an error calls charon absent.
func wantBusy(t *testing.T, what string, err error) {
	t.Helper()
	var (
		busy *vici.BusyError
		none *ipsec.NoEnforcerError
	)
	if !errors.As(err, &busy) || errors.As(err, &none) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%s: got %v, want that the queue is full, and that another try may succeed", what, err)
	}
}

// TestBusy (issue 13, 35): a charon whose queue is full is there. It is waited
// for, and what was wanted is done when it takes connections again.
func TestBusy(t *testing.T) {
	need.Linux(t) // others refuse where the queue is full
	t.Parallel()
	gate := make(chan struct{}, 1)
	c := newCharon(t, func(c *charon) { c.backlog, c.gate = 1, gate })
	gate <- struct{}{}
	e, _ := newEnforcer(t, c)
	d, err := e.Dialer(t.Context(), secured(t, 0))
	if err != nil {
		t.Fatal(err)
	}
	e.charon().pool.closeIdle()
	fill(t, c)

	_, err = d.Proof(soon(t))
	wantBusy(t, "proof", err)
	wantType(t, err, failedToConfigure)
	other := secured(t, 0)
	other.Portal = netip.MustParseAddrPort("192.0.2.11:3260")
	_, err = e.Dialer(soon(t), other)
	wantBusy(t, "dialer", err)
	wantType(t, err, failedToConfigure)
	_, err = e.Announce(soon(t), other)
	wantBusy(t, "announce", err)
	wantBusy(t, "forget", e.charon().forget(soon(t), "x"))
	// The last one, since its look goes on for those who come later, and finds that charon
	// hangs where that takes too long.
	src, dst := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddrPort("192.0.2.10:3260")
	if got, err := e.Existing(soon(t), src, dst); err != nil || got.Kind != ipsec.ExistingUnknown {
		t.Errorf("what exists: got %+v, %v; want unknown", got, err)
	}

	close(gate)
	if _, err := d.Proof(t.Context()); err != nil {
		t.Errorf("proof, later: %v", err)
	}
	second, err := e.Dialer(t.Context(), other)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range []enforce.Dialer{d, second} {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}
	c.wantEmpty()
}

// TestCrowd (issue 13, 35): many portals at once, with a charon that lets one
// connection wait: all are served, by few connections.
func TestCrowd(t *testing.T) {
	need.Linux(t)
	t.Parallel()
	const crowd = 64
	c := newCharon(t, func(c *charon) { c.backlog = 1 })
	e, dials := newEnforcer(t, c)
	var all sync.WaitGroup
	for i := range crowd {
		s := secured(t, 0)
		s.Portal = netip.MustParseAddrPort(fmt.Sprintf("192.0.2.%d:3260", 10+i))
		all.Go(func() {
			if err := useOnce(t, e, s); err != nil {
				t.Error(err)
				return
			}
			<-dials
		})
	}
	all.Wait()
	c.wantEmpty()
	if got := c.accepted(); got > 8 {
		t.Errorf("got %d connections, want 8 at most", got)
	}
}

// TestOneLook (issue 13, 35 and 36): what exists is asked once for all portals of
// a while.
func TestOneLook(t *testing.T) {
	t.Parallel()
	c := newCharon(t, nil)
	e, _ := newEnforcer(t, c)
	var all sync.WaitGroup
	for i := range 64 {
		portal := netip.MustParseAddrPort(fmt.Sprintf("192.0.2.%d:3260", 10+i))
		all.Go(func() {
			if got, err := e.Existing(t.Context(), netip.MustParseAddr("192.0.2.1"), portal); err != nil || got.Kind != ipsec.ExistingNone {
				t.Errorf("what exists: got %+v, %v; want none", got, err)
			}
		})
	}
	all.Wait()
	if got := []int{c.took("list-sas"), c.took("list-conns")}; got[0] != 1 || got[1] != 1 {
		t.Errorf("charon was asked %v times, want once each", got)
	}
}

// TestRestart: a connection that charon has closed is not used again.
func TestRestart(t *testing.T) {
	t.Parallel()
	c := newCharon(t, nil)
	e, _ := newEnforcer(t, c)
	if err := useOnce(t, e, secured(t, 0)); err != nil {
		t.Fatal(err)
	}
	idle := e.charon().pool.pop()
	if idle == nil {
		t.Fatal("no connection was kept")
	}
	e.charon().pool.put(idle)
	c.hangUp()
	if _, err := e.charon().ours(t.Context()); err != nil {
		t.Error(err)
	}
	if got := c.accepted(); got != 2 {
		t.Errorf("got %d connections, want 2", got)
	}
}
