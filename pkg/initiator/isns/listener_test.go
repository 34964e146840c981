package isns_test

import (
	"context"
	"errors"
	"net/netip"
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
	return subscribeAs(t, s, host1)
}

// subscribeAs is subscribe for an initiator of some name.
func subscribeAs(t *testing.T, s *isnstest.Server, node string) *subscriber {
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
			Client:  &isns.Client{Name: node},
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
