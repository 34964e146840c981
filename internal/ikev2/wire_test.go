package ikev2

import (
	"bytes"
	"encoding/hex"
	"errors"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/internal/ike"
	"github.com/go-iscsi/discovery/internal/iketest"
)

// start is when a test begins.
var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

var (
	localAddr  = netip.MustParseAddr("192.0.2.1")
	portalAddr = netip.MustParseAddr("192.0.2.2")
)

const testKey = "a preshared key"

// latency is how long a datagram is on its way.
const latency = time.Millisecond

func ikeSuite(t testing.TB, s string) ike.Suite {
	t.Helper()
	suite, err := ike.ParseIKE(s)
	if err != nil {
		t.Fatal(err)
	}
	return suite
}

func espSuite(t testing.TB, s string) ike.ESPSuite {
	t.Helper()
	suite, err := ike.ParseESP(s)
	if err != nil {
		t.Fatal(err)
	}
	return suite
}

// A flight is a datagram on its way.
type flight struct {
	at     time.Time
	toPeer bool
	d      ike.Datagram
}

// A wire carries datagrams between a machine and a responder, with a clock of its own.
type wire struct {
	t       testing.TB
	now     time.Time
	machine *Machine
	peer    *iketest.V2
	flights []flight
	tick    time.Time
	events  []ike.Event
	sent    []ike.Datagram // by the machine
	toUs    []ike.Datagram // that have arrived

	// carry says when a datagram arrives, or several: nil lets all pass.
	carry func(n int, f flight) []flight
	count int
}

// newWire returns a wire whose ends agree; change changes what they are told.
func newWire(t testing.TB, change func(*ike.Config, *iketest.V2Config)) *wire {
	t.Helper()
	suites := []ike.Suite{ikeSuite(t, "aes256gcm16-prfsha256-ecp256"), ikeSuite(t, "aes256-sha256-ecp256"), ikeSuite(t, "aes128-sha256-modp2048")}
	cfg := ike.Config{Source: localAddr, Peer: portalAddr, Local: ike.AddrIdentity(localAddr), Remote: ike.AddrIdentity(portalAddr),
		PSK: func() []byte { return []byte(testKey) }, Suites: suites}
	peer := iketest.V2Config{PSK: []byte(testKey), ID: ike.AddrIdentity(portalAddr), Client: ike.AddrIdentity(localAddr), Suites: suites,
		ESP: []ike.ESPSuite{espSuite(t, "aes256gcm16"), espSuite(t, "aes128-sha256")}}
	if change != nil {
		change(&cfg, &peer)
	}
	return &wire{t: t, now: start, machine: New(cfg), peer: iketest.NewV2(peer)}
}

// childOf returns a child with suites.
func childOf(t testing.TB, tunnel bool, suites ...string) ike.Child {
	c := ike.Child{Tunnel: tunnel, Local: netip.AddrPortFrom(localAddr, 40000), Portal: netip.AddrPortFrom(portalAddr, 3260)}
	for _, s := range suites {
		c.Suites = append(c.Suites, espSuite(t, s))
	}
	return c
}

// do takes what the machine wants.
func (w *wire) do(o ike.Output) {
	w.events = append(w.events, o.Events...)
	w.tick = o.Next
	if !o.Next.IsZero() && !o.Next.After(w.now) {
		w.t.Errorf("it wants to be called at %v, and it is %v already", o.Next, w.now)
	}
	for _, d := range o.Send {
		w.sent = append(w.sent, d)
		w.post(flight{at: w.now.Add(latency), toPeer: true, d: d})
	}
}

// fromPeer takes what the responder sends.
func (w *wire) fromPeer(list []ike.Datagram) {
	for _, d := range list {
		w.post(flight{at: w.now.Add(latency), d: d})
	}
}

func (w *wire) post(f flight) {
	f.d.Data = bytes.Clone(f.d.Data)
	list := []flight{f}
	if w.carry != nil {
		list = w.carry(w.count, f)
		w.count++
	}
	w.flights = append(w.flights, list...)
}

// run lets time pass.
func (w *wire) run(d time.Duration) {
	end := w.now.Add(d)
	for steps := 0; ; steps++ {
		if steps > 100000 {
			w.t.Fatal("the ends do not come to rest")
		}
		slices.SortStableFunc(w.flights, func(a, b flight) int { return a.at.Compare(b.at) })
		next, arrives := end, false
		if len(w.flights) > 0 && !w.flights[0].at.After(next) {
			next, arrives = w.flights[0].at, true
		}
		if !w.tick.IsZero() && w.tick.Before(next) {
			w.now = later(w.now, w.tick)
			w.do(w.machine.Tick(w.now))
			continue
		}
		if !arrives {
			w.now = end
			w.do(w.machine.Tick(w.now))
			if len(w.flights) == 0 || w.flights[0].at.After(end) {
				return
			}
			continue
		}
		f := w.flights[0]
		w.flights = w.flights[1:]
		w.now = later(w.now, f.at)
		if f.toPeer {
			w.fromPeer(w.peer.Receive(w.now, f.d))
			continue
		}
		w.toUs = append(w.toUs, f.d)
		w.do(w.machine.Receive(w.now, f.d))
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// open opens a child, and lets a second pass.
func (w *wire) open(id int, c ike.Child) {
	w.do(w.machine.Open(w.now, id, c))
	w.run(time.Second)
}

// close closes the machine, and checks that the responder has nothing to say against it.
func (w *wire) close() {
	w.t.Helper()
	w.do(w.machine.Close(w.now))
	w.tick = time.Time{}
	for len(w.flights) > 0 {
		f := w.flights[0]
		w.flights = w.flights[1:]
		if f.toPeer {
			w.peer.Receive(f.at, f.d)
		}
	}
	if p := w.peer.Problems(); len(p) > 0 {
		w.t.Errorf("the responder found: %q", p)
	}
}

// ups returns the ChildUp events of a child.
func (w *wire) ups(id int) (list []ike.ChildUp) {
	for _, e := range w.events {
		if up, ok := e.(ike.ChildUp); ok && up.Child == id {
			list = append(list, up)
		}
	}
	return list
}

// down returns why a child ended, or nil.
func (w *wire) down(id int) error {
	for _, e := range w.events {
		if d, ok := e.(ike.ChildDown); ok && d.Child == id {
			return d.Err
		}
	}
	return nil
}

// failure returns the failure of a child, which it must have.
func (w *wire) failure(id int) *ike.Failure {
	w.t.Helper()
	var f *ike.Failure
	if err := w.down(id); !errors.As(err, &f) {
		w.t.Fatalf("got %v, want a failure; events %+v, reason %v", err, w.events, w.machine.Reason(id))
	}
	return f
}

// wantUp checks that a child came up n times, and that both ends have the same keys.
func (w *wire) wantUp(id, n int) ike.ChildUp {
	w.t.Helper()
	ups := w.ups(id)
	if len(ups) != n {
		w.t.Fatalf("child %d came up %d times, want %d; events %+v, reason %v, problems %q", id, len(ups), n, w.events, w.machine.Reason(id), w.peer.Problems())
	}
	up := ups[n-1]
	for _, c := range w.peer.Children() {
		if c.In.SPI == up.Out.SPI && c.Out.SPI == up.In.SPI {
			if !c.In.Key.Equal(up.Out.Key) || !c.Out.Key.Equal(up.In.Key) || len(up.In.Key.Bytes()) != up.Suite.KeyLen() {
				w.t.Errorf("the ends have other keys: %s and %s", hex.EncodeToString(c.In.Key.Bytes()), hex.EncodeToString(up.Out.Key.Bytes()))
			}
			if c.Suite != up.Suite || c.Tunnel != up.Tunnel {
				w.t.Errorf("the ends have other suites: %+v, %+v", c, up)
			}
			return up
		}
	}
	w.t.Fatalf("the responder has no child %#x; it has %+v", up.Out.SPI, w.peer.Children())
	return up
}

func netipPort(port uint16) netip.AddrPort { return netip.AddrPortFrom(localAddr, port) }
