package isns_test

import (
	"context"
	"io"
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator/isns"
	"github.com/go-iscsi/discovery/test/isnstest"
)

// TestUnasked: what nobody asked for ends its connection, and nothing is asked because
// of it.
func TestUnasked(t *testing.T) {
	t.Parallel()
	s := isnstest.Listen(t, isnstest.Config{})
	x := subscribe(t, s)
	to := x.listener.Addr()
	message := func(b isns.Body) []byte {
		out, err := isns.AppendMessage(nil, b, isns.FlagServer, 1)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	scn := func(to string) []byte {
		return message(&isns.SCN{Destination: to, Time: time.Unix(1, 0), Changes: []isns.NodeChange{{Bitmap: isns.SCNAdded, Node: disk1}}})
	}
	x.registered()
	entity := isns.EntityPrefix + host1 + ":127.0.0.1"
	endless := message(&isns.SCN{Destination: host1, Time: time.Unix(1, 0)})
	endless[6] &^= byte(isns.FlagLast >> 8)
	for _, tt := range []struct {
		name, from string
		send       []byte
	}{
		{"another node", "127.0.0.1", scn(disk1)},
		{"another host", "127.0.0.2", scn(host1)},
		{"a response", "127.0.0.1", message(&isns.Response{To: isns.FuncSCN})},
		{"a request", "127.0.0.1", message(&isns.SCNDereg{Source: host1, Node: host1})},
		{"an inquiry for another entity", "127.0.0.1", message(&isns.ESI{Time: time.Unix(1, 0), EntityID: "other", Portal: to})},
		{"an inquiry for another portal", "127.0.0.1", message(&isns.ESI{Time: time.Unix(1, 0), EntityID: entity, Portal: netip.AddrPortFrom(to.Addr(), 1)})},
		{"no iSNS", "127.0.0.1", []byte("GET / HTTP/1.1\r\nHost: example\r\n\r\n")},
		{"PDUs without an end", "127.0.0.1", append(endless, slices.Repeat([]byte{0, 1, 0, 8, 0, 0, 0x40, 0, 0, 1, 0, 1}, 2)...)},
	} {
		conn, err := (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(tt.from)}}).DialContext(t.Context(), "tcp", to.String())
		if err != nil {
			t.Logf("SKIPPED %s: there is no address %s here: %v", tt.name, tt.from, err)
			continue
		}
		_, _ = conn.Write(tt.send) // it may be refused before that
		got, err := io.ReadAll(conn)
		if len(got) > 0 {
			t.Errorf("%s: got %x, %v, want the end of the connection", tt.name, got, err)
		}
		_ = conn.Close()
	}
	select {
	case st := <-x.states:
		t.Errorf("got %+v, want nothing", st)
	case <-x.notified:
		t.Error("a server is asked because of what nobody asked for")
	default:
	}
	if got := x.listener.Refused(); got < 6 {
		t.Errorf("got %d refusals, want at least 6", got)
	}
	if _, err := s.Tell(t.Context(), to, &isns.SCN{Destination: host1, Time: time.Now()}); err != nil {
		t.Errorf("what was asked for: %v", err)
	}
	<-x.notified
}

// TestUnregistered: before anything is registered nobody may connect.
func TestUnregistered(t *testing.T) {
	t.Parallel()
	l, err := isns.Listen(t.Context(), loopback)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { l.Serve(ctx); close(done) }()
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := io.ReadAll(conn); len(got) > 0 || l.Refused() != 1 {
		t.Errorf("got %x, and %d refusals, want 1", got, l.Refused())
	}
	_ = conn.Close()
	cancel()
	<-done
}

// TestOneConnection: a second connection of a server ends its first.
func TestOneConnection(t *testing.T) {
	t.Parallel()
	s := isnstest.Listen(t, isnstest.Config{})
	x := subscribe(t, s)
	x.registered()
	first, err := net.Dial("tcp", x.listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	if _, err := s.Tell(t.Context(), x.listener.Addr(), &isns.SCN{Destination: host1, Time: time.Now()}); err != nil {
		t.Error(err)
	}
	if got, _ := io.ReadAll(first); len(got) > 0 {
		t.Errorf("got %x", got)
	}
}
