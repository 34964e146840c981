package userspace

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/internal/ike"
	"github.com/go-iscsi/discovery/internal/iketest"
	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
)

// TestMany: many connections that share IKE security associations begin, end, are canceled,
// renewed and deleted at once. Each ends with bytes that came back, or with an error of the
// contract, and nothing stays.
func TestMany(t *testing.T) {
	t.Parallel()
	for _, wide := range []int{0, 1, 2} {
		t.Run(fmt.Sprintf("selectors %d", wide), func(t *testing.T) {
			t.Parallel()
			testMany(t, newWorld(t, func(c *iketest.V1Config) { c.Widest = wide }))
		})
	}
}

func testMany(t *testing.T, w *world) {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	disturbed := make(chan struct{})
	var disturbing sync.WaitGroup
	disturbing.Go(func() { w.disturb(disturbed) })
	var all sync.WaitGroup
	for i := range 16 {
		all.Go(func() {
			s := request(t, []ipsec.Flags{0x26, 0x46, 0x36}[i%3], 0)
			ctx, cancel := context.WithCancel(ctx)
			defer cancel()
			if i%4 == 0 {
				time.AfterFunc(time.Duration(rand.IntN(30))*time.Millisecond, cancel)
			}
			w.once(ctx, t, s)
		})
	}
	all.Wait()
	close(disturbed)
	disturbing.Wait()
	w.wantGone(t)
}

// once makes a connection and uses it, while another goroutine may close it.
func (w *world) once(ctx context.Context, t *testing.T, s enforce.Request) {
	d, err := w.e.Dialer(ctx, s)
	if err != nil {
		if configure := (*ipsec.ConfigureError)(nil); !errors.As(err, &configure) {
			t.Errorf("got a %T: %v", err, err)
		}
		return
	}
	nc, err := d.DialContext(ctx)
	if err == nil {
		var closing sync.WaitGroup
		closing.Go(func() {
			time.Sleep(time.Duration(rand.IntN(20)) * time.Millisecond)
			_ = nc.Close()
		})
		if err = echoed(nc, 20_000); err == nil {
			_, err = d.Proof(ctx)
		}
		closing.Wait()
	}
	var op *net.OpError
	var lost *enforce.LostError
	if err != nil && !errors.As(err, &op) && !errors.As(err, &lost) {
		t.Errorf("got a %T: %v", err, err)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}

// disturb has the peer renew and delete security associations, and this end renew them,
// until it is told to stop.
func (w *world) disturb(stop <-chan struct{}) {
	for n := 0; ; n++ {
		select {
		case <-stop:
			return
		case <-time.After(2 * time.Millisecond):
		}
		w.host.mu.Lock()
		for _, p := range w.host.pairs {
			var d ike.Datagram
			if d = w.v1.Rekey(p.Child); n%3 == 0 {
				d = w.v1.Delete(p.Child)
			}
			w.host.say(p.socket, d)
			break
		}
		w.host.mu.Unlock()
		w.e.mu.Lock()
		var sas []*ikeSA
		for _, sa := range w.e.sas {
			sas = append(sas, sa)
		}
		w.e.mu.Unlock()
		for _, sa := range sas {
			sa.mu.Lock()
			var children []*child
			for _, c := range sa.children {
				children = append(children, c)
			}
			sa.mu.Unlock()
			for _, c := range children {
				sa.rekey(c)
			}
		}
	}
}
