package isns_test

import (
	"context"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator/isns"
	"github.com/go-iscsi/discovery/test/isnstest"
)

// A deadlined connection counts the deadlines that it is given.
type deadlined struct {
	net.Conn
	count *atomic.Int32
}

func (d *deadlined) SetDeadline(at time.Time) error {
	d.count.Add(1)
	return d.Conn.SetDeadline(at)
}

// TestDone: once a query is done, nothing of it waits for the end of its context.
func TestDone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := isnstest.New(t, "192.0.2.1:3205", isnstest.Config{Database: isnstest.Targets(disk)})
		var count atomic.Int32
		c := isns.Client{Name: us, Dial: s.Dial, Wrap: func(nc net.Conn) net.Conn { return &deadlined{nc, &count} }}
		ctx, cancel := context.WithCancel(t.Context())
		if _, err := c.Query(ctx, s.Addr); err != nil {
			t.Fatal(err)
		}
		before := count.Load()
		cancel()
		synctest.Wait()
		if got := count.Load(); got != before {
			t.Errorf("the end of the context gave a connection that is done %d deadlines", got-before)
		}
	})
}

// TestNoName: a name that is none is an error before anything is sent.
func TestNoName(t *testing.T) {
	t.Parallel()
	s := isnstest.New(t, "192.0.2.1:3205", isnstest.Config{})
	for _, bad := range []string{"", strings.Repeat("a", 224), "iqn.2026-11.com.example:a\nb"} {
		c := isns.Client{Name: bad, Dial: s.Dial}
		if a, err := c.Query(t.Context(), s.Addr); err == nil || a != nil || s.Accepted() != 0 || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: got %+v, %v after %d connections, want an error of one line and no connection", bad, a, err, s.Accepted())
		}
	}
}

// TestMaxMessage: the limit of a message is the caller's.
func TestMaxMessage(t *testing.T) {
	t.Parallel()
	s := isnstest.New(t, "192.0.2.1:3205", isnstest.Config{Database: isnstest.Targets(disk)})
	c := isns.Client{Name: us, Dial: s.Dial, Limits: isns.Limits{MaxMessage: 64}}
	if a, err := c.Query(t.Context(), s.Addr); err == nil || !strings.Contains(err.Error(), "more than 64 bytes of message") || a.Complete {
		t.Errorf("got %+v, %v, want a limit", a, err)
	}
}
