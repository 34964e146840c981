package isns_test

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isns"
	"github.com/go-iscsi/discovery/pkg/initiator/name"
	"github.com/go-iscsi/discovery/test/isnstest"
)

// A countingContext is a context that counts what waits for its end.
type countingContext struct {
	context.Context
	done chan struct{}

	mu      sync.Mutex // guards the following
	waiting map[*func()]bool
	ended   bool
}

func (c *countingContext) Done() <-chan struct{} { return c.done }

func (c *countingContext) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		return context.Canceled
	}
	return nil
}

// AfterFunc is what context.AfterFunc calls.
func (c *countingContext) AfterFunc(f func()) (stop func() bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waiting[&f] = true
	return func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		was := c.waiting[&f]
		delete(c.waiting, &f)
		return was
	}
}

// end ends the context, and returns how many waited for that.
func (c *countingContext) end() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = true
	close(c.done)
	for f := range c.waiting {
		go (*f)()
	}
	return len(c.waiting)
}

// TestSubscribeFails: attempts to register that fail for a day leave nothing that waits for
// the end of the context.
func TestSubscribeFails(t *testing.T) {
	t.Parallel()
	l, err := isns.Listen(t.Context(), loopback)
	if err != nil {
		t.Fatal(err)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	l.Serve(ended) // closes it
	synctest.Test(t, func(t *testing.T) {
		ctx := &countingContext{Context: context.Background(), done: make(chan struct{}), waiting: make(map[*func()]bool)}
		failed := 0
		done := make(chan struct{})
		go func() {
			defer close(done)
			l.Subscribe(ctx, &isns.Subscription{
				Client: &isns.Client{Name: host1, Dial: func(context.Context, netip.Addr, netip.AddrPort) (net.Conn, error) {
					return nil, syscall.ECONNREFUSED
				}},
				Request: isns.Request{Server: initiator.Portal{Address: "192.0.2.1"}},
				Notify:  func() { t.Error("a server that does not answer is to be asked") },
				Report: func(st isns.SubscriptionState) {
					if st.Err != nil {
						failed++
					}
				},
			})
		}()
		time.Sleep(24 * time.Hour)
		waiting := ctx.end()
		<-done
		if failed < 1000 || waiting > 1 {
			t.Errorf("got %d that wait after %d attempts, want 1 at most", waiting, failed)
		}
	})
}

// TestEntityName: a server normalises the name of an entity (RFC 4171, section 6.2.1) and
// takes up to 255 bytes of it; we know ours again.
func TestEntityName(t *testing.T) {
	t.Parallel()
	for _, node := range []string{"iqn.2026-11.com.example:HOST1", "iqn.2026-11.com.example:" + strings.Repeat("x", 199)} {
		s := isnstest.Listen(t, isnstest.Config{Spoil: func(q *isnstest.Request, _ *isnstest.Reply) {
			r, ok := q.Body.(*isns.DevAttrReg)
			if !ok {
				return
			}
			if entity, err := r.Key[0].Text(); err != nil || len(entity) > 255 || entity != name.Fold(entity) || !strings.HasPrefix(entity, isns.EntityPrefix) {
				t.Errorf("%s: got entity %q, %v", node, entity, err)
			}
		}})
		x := subscribeAs(t, s, node)
		x.registered()
		s.Change(func(d *isnstest.Database) {
			for i := range d.Nodes {
				d.Nodes[i].Entity = strings.ToUpper(d.Nodes[i].Entity)
			}
		})
		s.Disconnect()
		x.registered()
		s.Change(func(d *isnstest.Database) {
			esi := &isns.ESI{Time: time.Now(), EntityID: strings.ToUpper(d.Nodes[0].Entity), Portal: x.listener.Addr()}
			if _, err := s.Tell(t.Context(), x.listener.Addr(), esi); err != nil {
				t.Errorf("%s: an inquiry: %v", node, err)
			}
		})
		x.end()
	}
}
