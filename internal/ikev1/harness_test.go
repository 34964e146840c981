package ikev1

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/internal/ike"
	"github.com/go-iscsi/discovery/internal/iketest"
)

var (
	ourAddr  = netip.MustParseAddr("10.1.0.1")
	peerAddr = netip.MustParseAddr("10.1.0.2")
	local    = netip.AddrPortFrom(ourAddr, 50001)
	portal   = netip.AddrPortFrom(peerAddr, 3260)
)

const testKey = "a preshared key"

// travel is how long a datagram is on its way.
const travel = 5 * time.Millisecond

// A net is a machine and a peer, with a clock of its own.
type net struct {
	t      *testing.T
	m      *Machine
	peer   *iketest.V1
	now    time.Time
	next   time.Time // of the machine
	flying []flight
	events []ike.Event
	sent   []ike.Datagram // by the machine

	// out and in may change what a datagram becomes on its way to the peer, or from it.
	out, in func(ike.Datagram) []ike.Datagram
}

type flight struct {
	at     time.Time
	toPeer bool
	d      ike.Datagram
}

// suites of the tests; modp1024 is fast.
func suite(t testing.TB, s string) ike.Suite {
	got, err := ike.ParseIKE(s)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func espSuite(t testing.TB, s string) ike.ESPSuite {
	got, err := ike.ParseESP(s)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func config(t testing.TB) ike.Config {
	return ike.Config{
		Source: ourAddr, Peer: peerAddr, Local: ike.AddrIdentity(ourAddr), Remote: ike.AddrIdentity(peerAddr),
		PSK: func() []byte { return []byte(testKey) }, Suites: []ike.Suite{suite(t, "aes256-sha1-modp1024"), suite(t, "aes128-sha256-modp1024")},
	}
}

func peerConfig() iketest.V1Config {
	return iketest.V1Config{Addr: peerAddr, Initiator: ourAddr, PSK: testKey}
}

func want(t testing.TB, suites ...string) ike.Child {
	c := ike.Child{Local: local, Portal: portal}
	if suites == nil {
		suites = []string{"aes256gcm16", "aes128-sha256"}
	}
	for _, s := range suites {
		c.Suites = append(c.Suites, espSuite(t, s))
	}
	return c
}

func newNet(t *testing.T, cfg ike.Config, peer iketest.V1Config) *net {
	return &net{t: t, m: New(cfg), peer: iketest.NewV1(peer), now: time.Unix(1_000_000_000, 0)}
}

// do takes what a call of the machine returned.
func (n *net) do(o ike.Output) {
	n.events = append(n.events, o.Events...)
	n.next = o.Next
	for _, d := range o.Send {
		n.sent = append(n.sent, d)
		list := []ike.Datagram{d}
		if n.out != nil {
			list = n.out(d)
		}
		for _, d := range list {
			n.flying = append(n.flying, flight{n.now.Add(travel), true, d})
		}
	}
}

// fromPeer puts what the peer sends on its way.
func (n *net) fromPeer(sent ...ike.Datagram) {
	for _, d := range sent {
		list := []ike.Datagram{d}
		if n.in != nil {
			list = n.in(d)
		}
		for _, d := range list {
			n.flying = append(n.flying, flight{n.now.Add(travel), false, d})
		}
	}
}

// run lets time pass, until done is true. It reports whether that was so before the time
// was over.
func (n *net) run(limit time.Duration, done func() bool) bool {
	end := n.now.Add(limit)
	for {
		if done != nil && done() {
			return true
		}
		at := end
		next := -1
		for i, f := range n.flying {
			if !f.at.After(at) && (next < 0 || f.at.Before(n.flying[next].at)) {
				at, next = f.at, i
			}
		}
		if !n.next.IsZero() && n.next.Before(at) {
			at, next = n.next, -2
			if at.Before(n.now) {
				at = n.now
			}
		}
		n.now = at
		switch {
		case next == -1:
			return done != nil && done()
		case next == -2:
			before := n.next
			n.do(n.m.Tick(n.now))
			if n.next.Equal(before) && !n.next.IsZero() && !n.next.After(n.now) {
				n.t.Fatalf("the machine wants to be called at %v again and again", before)
			}
		default:
			f := n.flying[next]
			n.flying = slices.Delete(n.flying, next, next+1)
			if f.toPeer {
				n.fromPeer(n.peer.Receive(n.now, f.d)...)
			} else {
				n.do(n.m.Receive(n.now, f.d))
			}
		}
	}
}

func (n *net) open(child int, c ike.Child) { n.do(n.m.Open(n.now, child, c)) }

// ups returns the ChildUp events of a child.
func (n *net) ups(child int) (list []ike.ChildUp) {
	for _, e := range n.events {
		if u, ok := e.(ike.ChildUp); ok && u.Child == child {
			list = append(list, u)
		}
	}
	return list
}

// ended returns the error of Down, or else of ChildDown; nil: neither came.
func (n *net) ended() error {
	var err error
	for _, e := range n.events {
		switch e := e.(type) {
		case ike.Down:
			return e.Err
		case ike.ChildDown:
			err = e.Err
		}
	}
	return err
}

// mustUp opens child 1 and waits until it is up at both ends.
func (n *net) mustUp(c ike.Child) {
	n.t.Helper()
	n.open(1, c)
	n.waitUp(1, 1)
}

func (n *net) waitUp(child, count int) {
	n.t.Helper()
	if !n.run(30*time.Second, func() bool { return len(n.ups(child)) >= count }) {
		n.t.Fatalf("child %d: got %d associations, want %d; %v; reason %v", child, len(n.ups(child)), count, n.ended(), n.m.Reason(child))
	}
	n.run(3*travel, nil)
	n.check(child)
}

// check compares the last associations of a child with those of the peer.
func (n *net) check(child int) {
	n.t.Helper()
	for _, f := range n.peer.Faults() {
		n.t.Errorf("the peer: %s", f)
	}
	ups := n.ups(child)
	up := ups[len(ups)-1]
	for _, c := range n.peer.Children() {
		if c.In.SPI != up.Out.SPI {
			continue
		}
		if c.Out.SPI != up.In.SPI || !c.In.Key.Equal(up.Out.Key) || !c.Out.Key.Equal(up.In.Key) || c.Tunnel != up.Tunnel || c.Suite != up.Suite {
			n.t.Errorf("the ends have other associations: got %+v, the peer has %+v", up, c)
		}
		if len(up.In.Key.Bytes()) != up.Suite.KeyLen() || up.In.Key.Equal(up.Out.Key) {
			n.t.Errorf("the keys are of a wrong length, or the same: %d bytes", len(up.In.Key.Bytes()))
		}
		return
	}
	n.t.Errorf("the peer has no association %08x", up.Out.SPI)
}
