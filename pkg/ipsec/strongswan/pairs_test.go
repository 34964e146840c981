package strongswan

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/ipsec/strongswan/internal/vici"
)

// TestOneAtATime: of two connections with the same selectors the second waits for
// the first; others do not.
func TestOneAtATime(t *testing.T) {
	t.Parallel()
	c := newCharon(t, nil)
	e, _ := newEnforcer(t, c)
	first, err := e.Dialer(t.Context(), secured(t, 0))
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := secured(t, 0)
	elsewhere.Portal = netip.MustParseAddrPort("192.0.2.10:3261")
	other, err := e.Dialer(t.Context(), elsewhere)
	if err != nil {
		t.Fatal(err)
	}
	if a, b := c.loaded[0].Text("rekey_time"), c.loaded[1].Text("rekey_time"); a == b {
		t.Errorf("two connections are configured alike: %s", a)
	}
	if err := other.Close(); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := e.Dialer(ctx, secured(t, 0)); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want a second connection to wait until it is cancelled", err)
	}
	second := make(chan error)
	go func() {
		d, err := e.Dialer(t.Context(), secured(t, 0))
		if err == nil {
			err = d.Close()
		}
		second <- err
	}()
	if err := first.Close(); err != nil {
		t.Error(err)
	}
	if err := <-second; err != nil {
		t.Error(err)
	}
	c.wantEmpty()
}

// TestOtherProcess: a connection of another process with the same selectors is
// waited for, if the process is known to be alive.
func TestOtherProcess(t *testing.T) {
	t.Parallel()
	other := parent(t)
	with := func(source, portal string) vici.Section {
		return vici.Section{
			vici.List("local_addrs", source), vici.List("remote_addrs", "192.0.2.10"),
			vici.Sub("children", vici.Sub("c", vici.List("local-ts", source+"/32[tcp]"), vici.List("remote-ts", portal))),
		}
	}
	for _, tt := range []struct {
		name  string
		owner owner
		conn  vici.Section
		want  bool
	}{
		{name: "the same", owner: other, conn: with("192.0.2.1", "192.0.2.10/32[tcp/3260]"), want: true},
		{name: "another port", owner: other, conn: with("192.0.2.1", "192.0.2.10/32[tcp/3261]")},
		{name: "another source", owner: other, conn: with("192.0.2.2", "192.0.2.10/32[tcp/3260]")},
		{name: "nobody knows whether it is there", owner: elsewhere(), conn: with("192.0.2.1", "192.0.2.10/32[tcp/3260]")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			name := tt.owner.name(1)
			c := newCharon(t, nil)
			c.conns[name] = tt.conn
			e, _ := newEnforcer(t, c)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			result := make(chan error)
			go func() {
				d, err := e.Dialer(ctx, secured(t, 0))
				if err == nil {
					err = d.Close()
				}
				result <- err
			}()
			if !tt.want {
				if err := <-result; err != nil {
					t.Error(err)
				}
				return
			}
			for c.took("list-conns") < 3 { // once for conflicts, then again and again
				time.Sleep(time.Millisecond)
			}
			if got := c.took("load-conn"); got > 0 {
				t.Error("it was not waited for")
			}
			cancel()
			err := <-result
			wantType(t, err, failedToConfigure)
			if err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("got %v, want %s in it", err, name)
			}
			c.mu.Lock()
			delete(c.conns, name)
			c.mu.Unlock()
			once(t, c)
			c.wantEmpty()
		})
	}
}

// TestYield: of two processes that both went on, one goes back.
func TestYield(t *testing.T) {
	t.Parallel()
	other := parent(t)
	for _, tt := range []struct {
		name  string
		lower bool // the other one's name is
		up    bool // it has associations
		begun bool // and we have
		want  bool
	}{
		{name: "it is first", lower: true, want: true},
		{name: "it is first, and we have keys", lower: true, begun: true, want: true},
		{name: "we are first"},
		{name: "we are first, and it has keys", up: true, want: true},
		{name: "we are first, and both have keys", up: true, begun: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := newCharon(t, nil)
			name := other.name(1)
			c.conns[name] = vici.Section{
				vici.List("local_addrs", "192.0.2.1"),
				vici.Sub("children", vici.Sub("c", vici.List("remote-ts", "192.0.2.10/32[tcp/3260]"))),
			}
			c.up[name] = tt.up
			if !tt.up {
				delete(c.up, name)
			}
			e, _ := newEnforcer(t, c)
			d := e.charon()
			conn, err := newConnection(secured(t, 0), false)
			if err != nil {
				t.Fatal(err)
			}
			conn.name = name + "0"
			if !tt.lower {
				conn.name = prefix
			}
			if err := conn.yield(t.Context(), d, tt.begun); errors.Is(err, errYield) != tt.want || err != nil && !tt.want {
				t.Errorf("got %v, want to yield: %v", err, tt.want)
			}
		})
	}
}
