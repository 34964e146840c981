package isns_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isns"
	"github.com/go-iscsi/discovery/test/isnstest"
)

const (
	host1 = "iqn.2026-11.com.example:host1"
	disk1 = "iqn.2026-11.com.example:disk1"
)

var loopback = netip.MustParseAddrPort("127.0.0.1:0")

// A subscriber is a Listener with a Subscription to a server.
type subscriber struct {
	t        *testing.T
	listener *isns.Listener
	states   chan isns.SubscriptionState
	notified chan struct{} // one for each Notify
	end      func()        // ends the subscription, and waits
}

// subscribe registers at a server.
func subscribe(t *testing.T, s *isnstest.Server) *subscriber {
	t.Helper()
	l, err := isns.Listen(t.Context(), loopback)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	x := &subscriber{t: t, listener: l, states: make(chan isns.SubscriptionState, 100), notified: make(chan struct{}, 100)}
	var rooms sync.WaitGroup
	rooms.Go(func() { l.Serve(ctx) })
	rooms.Go(func() {
		l.Subscribe(ctx, &isns.Subscription{
			Client:  &isns.Client{Name: host1},
			Request: isns.Request{Server: initiator.Portal{Address: s.Addr.Addr().String(), Port: s.Addr.Port()}},
			Notify:  func() { x.notified <- struct{}{} },
			Report:  func(st isns.SubscriptionState) { x.states <- st },
		})
	})
	x.end = sync.OnceFunc(func() { cancel(); rooms.Wait() })
	t.Cleanup(x.end)
	return x
}

// registered waits until the registration stands.
func (x *subscriber) registered() {
	x.t.Helper()
	st := <-x.states
	if !st.Registered || st.Notice || st.Err != nil {
		x.t.Fatalf("got %+v, want a registration", st)
	}
	<-x.notified
}

// functions returns what a server was asked.
func functions(s *isnstest.Server) string {
	var all []string
	for _, q := range s.Requests() {
		words := q.Function.String()
		if q.Flags.Has(isns.FlagReplace) {
			words += " replace"
		}
		all = append(all, words)
	}
	return strings.Join(all, ", ")
}

// TestSubscribe: we are registered with a portal of our own, notices and inquiries are
// answered, and at the end all that was registered is taken out.
func TestSubscribe(t *testing.T) {
	t.Parallel()
	s := isnstest.Listen(t, isnstest.Config{Database: isnstest.Targets(disk1)})
	x := subscribe(t, s)
	x.registered()
	if got, want := functions(s), "DevAttrQry, DevAttrReg, SCNReg"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if told, err := s.Notify(t.Context(), isns.SCNAdded, disk1); told != 1 || err != nil {
		t.Fatalf("got %d, %v, want a notice that is answered", told, err)
	}
	if st := <-x.states; !st.Registered || !st.Notice {
		t.Errorf("got %+v, want a notice", st)
	}
	<-x.notified
	esi := &isns.ESI{Time: time.Now(), EntityID: isns.EntityPrefix + host1 + ":127.0.0.1", Portal: x.listener.Addr()}
	if _, err := s.Tell(t.Context(), x.listener.Addr(), esi); err != nil {
		t.Errorf("an inquiry: %v", err)
	}
	x.end()
	if got, want := functions(s), "DevAttrQry, DevAttrReg, SCNReg, SCNDereg, DevDereg"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	s.Change(func(d *isnstest.Database) {
		if len(d.Nodes) != 1 || d.Nodes[0].Name != disk1 {
			t.Errorf("got %+v, want %s alone", d.Nodes, disk1)
		}
	})
	if st := <-x.states; st.Registered || st.Err != nil {
		t.Errorf("got %+v, want the end", st)
	}
}

// TestSubscribeAgain: where the server starts anew, we are registered again, whether it
// still knows us or not; nothing but our own entity is replaced.
func TestSubscribeAgain(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		forget bool
		want   string
	}{
		{"known", false, "DevAttrQry, DevAttrReg, SCNReg, DevAttrQry, DevAttrReg replace, SCNReg"},
		{"forgotten", true, "DevAttrQry, DevAttrReg, SCNReg, DevAttrQry, DevAttrReg, SCNReg"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := isnstest.Listen(t, isnstest.Config{Database: isnstest.Targets(disk1)})
			x := subscribe(t, s)
			x.registered()
			if tt.forget {
				s.Change(func(d *isnstest.Database) { d.Nodes = d.Nodes[:1] })
			}
			s.Disconnect()
			x.registered()
			if got := functions(s); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// TestSubscribeForeign: a registration of our name by another program is left as it is.
func TestSubscribeForeign(t *testing.T) {
	t.Parallel()
	s := isnstest.Listen(t, isnstest.Config{Database: isnstest.Database{Nodes: []isnstest.Node{{Entity: "windows\x1b", Name: host1, Type: isns.Initiator}}}})
	x := subscribe(t, s)
	st := <-x.states
	var other *isns.EntityError
	if !errors.As(st.Err, &other) || st.Registered || strings.Contains(st.Err.Error(), "\x1b") || !strings.Contains(st.Err.Error(), "--initiator-name") {
		t.Errorf("got %+v, want an EntityError that is escaped", st)
	}
	x.end()
	for _, q := range s.Requests() {
		if q.Function != isns.FuncDevAttrQry {
			t.Errorf("got %s, want nothing but queries", q.Function)
		}
	}
}

// TestSubscribeRefused: where the server refuses notices, what was registered goes again.
func TestSubscribeRefused(t *testing.T) {
	t.Parallel()
	s := isnstest.Listen(t, isnstest.Config{Spoil: func(q *isnstest.Request, r *isnstest.Reply) {
		if q.Function == isns.FuncSCNReg {
			r.Payload = isnstest.Refusal(isns.StatusNotSupported)
		}
	}})
	x := subscribe(t, s)
	st := <-x.states
	if code := initiator.Code(st.Err); st.Registered || st.Err == nil || code == 0 {
		t.Errorf("got %+v, code %#x, want a refusal", st, code)
	}
	x.end()
	if got, want := functions(s), "DevAttrQry, DevAttrReg, SCNReg, SCNDereg, DevDereg"; !strings.HasPrefix(got, want) {
		t.Errorf("got %s, want %s", got, want)
	}
}

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

// TestCheckListen: an address that means nothing to a server is refused.
func TestCheckListen(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		at   string
		fine bool
	}{
		{"192.0.2.1:0", true}, {"[2001:db8::1]:3205", true}, {"0.0.0.0:3205", false}, {"[::]:0", false}, {"224.0.0.1:1", false},
		{"[fe80::1%eth0]:1", false}, {"[::ffff:192.0.2.1]:1", false},
	} {
		err := isns.CheckListen(netip.MustParseAddrPort(tt.at))
		if got := err == nil; got != tt.fine {
			t.Errorf("%s: got %v, want %t", tt.at, err, tt.fine)
		}
	}
	if err := isns.CheckListen(netip.AddrPort{}); err == nil {
		t.Error("no address: got no error")
	}
}
