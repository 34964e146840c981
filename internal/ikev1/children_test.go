package ikev1

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/internal/ike"
	"github.com/go-iscsi/discovery/internal/iketest"
)

func TestSelectors(t *testing.T) {
	t.Parallel()
	tests := []struct {
		widest        int
		local, portal uint16
		wide          bool
	}{{0, 50001, 3260, false}, {1, 0, 3260, true}, {2, 0, 0, true}}
	for _, tt := range tests {
		cfg := peerConfig()
		cfg.Widest = tt.widest
		n := newNet(t, fast(t, false), cfg)
		n.mustUp(want(t))
		c, up := n.peer.Children()[0], n.ups(1)[0]
		if c.Initiator.Port() != tt.local || c.Portal.Port() != tt.portal || up.Wide != tt.wide {
			t.Errorf("widest %d: got ports %d and %d, wide %t; want %+v", tt.widest, c.Initiator.Port(), c.Portal.Port(), up.Wide, tt)
		}
		if n.peer.Established() != 1 {
			t.Errorf("got %d IKE security associations, want 1", n.peer.Established())
		}
		n.do(n.m.Rekey(n.now, 1))
		n.waitUp(1, 2)
		n.fromPeer(n.peer.Rekey(n.peer.Children()[0]))
		n.waitUp(1, 3)
	}
}

// TestSelectorsChanged has the peer agree to other selectors than those offered.
func TestSelectorsChanged(t *testing.T) {
	t.Parallel()
	for _, tunnel := range []bool{true, false} {
		for _, port := range []bool{true, false} {
			cfg := peerConfig()
			cfg.Change = func(step iketest.Step, list []ike.Payload) []ike.Payload {
				for i, p := range list {
					if step == iketest.Quick2 && p.Type == iketest.V1ID {
						b := append([]byte(nil), p.Body...)
						if port {
							b[3]++
						} else {
							b[7] += 5
						}
						list[i].Body = b
					}
				}
				return list
			}
			n := newNet(t, fast(t, false), cfg)
			c := want(t)
			c.Tunnel = tunnel
			n.open(1, c)
			n.run(time.Second, nil)
			var f *ike.Failure
			refused := errors.As(n.ended(), &f) && f.Cause == ike.Selectors
			if want := tunnel || port; refused != want {
				t.Errorf("tunnel %t, other port %t: refused %t (%v), want %t", tunnel, port, refused, n.ended(), want)
			}
		}
	}
}

func TestGroups(t *testing.T) {
	t.Parallel()
	cfg := peerConfig()
	cfg.ESP = []ike.ESPSuite{espSuite(t, "3des-sha1-modp1024")}
	n := newNet(t, fast(t, false), cfg)
	n.mustUp(want(t, "aes256gcm16-ecp256", "3des-sha1-modp1024", "aes128-sha1-ecp256"))
	if got := n.ups(1)[0].Suite; got != cfg.ESP[0] {
		t.Errorf("got %v, want %v", got, cfg.ESP[0])
	}
}

func TestManyChildren(t *testing.T) {
	t.Parallel()
	n := newNet(t, fast(t, true), peerConfig())
	const many = 30
	for i := range many {
		c := want(t)
		c.Local = netip.AddrPortFrom(ourAddr, uint16(50000+i))
		n.open(i, c)
	}
	n.run(5*time.Second, func() bool { return len(n.m.quicks) > 0 })
	n.run(time.Millisecond, nil)
	if got := len(n.m.quicks); got != 1 {
		t.Errorf("got %d Quick Modes before one was answered, want 1", got)
	}
	most := 0
	n.run(5*time.Second, func() bool { most = max(most, n.openQuicks()); return false })
	if most != 1 {
		t.Errorf("got %d Quick Modes at a time from a peer that answers, want 1", most)
	}
	for i := range many {
		if len(n.ups(i)) != 1 {
			t.Fatalf("child %d: got %d associations, want 1", i, len(n.ups(i)))
		}
		n.check(i)
	}
	if n.peer.Established() != 1 || len(n.peer.Children()) != many {
		t.Errorf("got %d IKE security associations with %d children, want 1 with %d", n.peer.Established(), len(n.peer.Children()), many)
	}
	n.do(n.m.Drop(n.now, 3))
	n.run(2*travel, nil)
	if len(n.peer.Children()) != many-1 || len(n.peer.Deleted) != 1 || n.peer.Deleted[0] != n.ups(3)[0].In.SPI {
		t.Errorf("after Drop the peer has %d children, deleted %x", len(n.peer.Children()), n.peer.Deleted)
	}
	if n.ended() != nil {
		t.Errorf("got %v, want no end", n.ended())
	}
}

// openQuicks returns how many Quick Modes of the machine have had no answer yet.
func (n *net) openQuicks() (open int) {
	for _, q := range n.m.quicks {
		if !q.done() {
			open++
		}
	}
	return open
}

// TestSilentChild has the peer answer no question for one of the children: the others have
// to wait no longer than patience.
func TestSilentChild(t *testing.T) {
	t.Parallel()
	n := newNet(t, fast(t, true), peerConfig())
	n.mustUp(want(t))
	silent := uint32(0)
	n.out = func(d ike.Datagram) []ike.Datagram {
		h, err := ike.ParseHeader(d.Data)
		if err == nil && h.Exchange == exchangeQuick && silent == 0 {
			silent = h.MessageID
		}
		if err == nil && h.Exchange == exchangeQuick && h.MessageID == silent {
			return nil
		}
		return []ike.Datagram{d}
	}
	begun := n.now
	for i := range 3 {
		c := want(t)
		c.Local = netip.AddrPortFrom(ourAddr, uint16(51000+i))
		n.open(10+i, c)
	}
	if !n.run(5*time.Second, func() bool { return len(n.ups(11)) > 0 && len(n.ups(12)) > 0 }) {
		t.Fatal("children wait for one that the peer does not answer")
	}
	if waited := n.now.Sub(begun); len(n.ups(10)) != 0 || waited > 2*patience {
		t.Errorf("got %d associations for the silent one, and the others after %s; want none, and at most %s", len(n.ups(10)), waited, 2*patience)
	}
}

func TestDropWhileNegotiating(t *testing.T) {
	t.Parallel()
	for step := range 12 {
		n := newNet(t, fast(t, false), peerConfig())
		n.open(1, want(t))
		n.run(time.Duration(step)*travel, nil)
		var open []uint32
		for _, q := range n.m.quicks {
			open = append(open, q.spi)
		}
		n.do(n.m.Drop(n.now, 1))
		n.run(time.Second, nil)
		if !slices.Equal(n.peer.Deleted, open) {
			t.Errorf("step %d: got Deletes of %x, want %x", step, n.peer.Deleted, open)
		}
		if len(n.ups(1)) > 0 && step < 7 || n.ended() != nil {
			t.Errorf("step %d: got %d associations and %v, want none", step, len(n.ups(1)), n.ended())
		}
		if len(n.peer.Children()) != 0 {
			t.Errorf("step %d: the peer has %d children", step, len(n.peer.Children()))
		}
		n.open(2, want(t))
		n.waitUp(2, 1)
		n.do(n.m.Close(n.now))
		n.run(time.Second, nil)
		if n.peer.Established() != 0 {
			t.Errorf("step %d: the peer has an IKE security association after Close", step)
		}
	}
}

func TestCloseAtEachPoint(t *testing.T) {
	t.Parallel()
	for _, ex := range exchanges {
		for step := range 14 {
			n := newNet(t, fast(t, ex.aggressive), peerConfig())
			n.open(1, want(t))
			n.run(time.Duration(step)*travel, nil)
			established := n.m.sa != nil
			events := len(n.events)
			n.do(n.m.Close(n.now))
			n.run(10*time.Second, nil)
			if len(n.events) != events || !n.next.IsZero() {
				t.Errorf("%s, step %d: after Close events %v, next call %v", ex.name, step, n.events[events:], n.next)
			}
			if established && (n.peer.Established() != 0 || len(n.peer.Children()) != 0) {
				t.Errorf("%s, step %d: the peer has %d IKE security associations and %d children", ex.name, step, n.peer.Established(), len(n.peer.Children()))
			}
			for _, f := range n.peer.Faults() {
				t.Errorf("%s, step %d: the peer: %s", ex.name, step, f)
			}
		}
	}
}

func TestDPD(t *testing.T) {
	t.Parallel()
	n := newNet(t, fast(t, false), peerConfig())
	n.mustUp(want(t))
	ask := n.peer.DPD(77)
	n.fromPeer(ask, ask)
	other := bytes.Clone(n.peer.Cookies())
	other[15]++
	n.fromPeer(n.peer.Inform(ike.Payload{Type: iketest.V1Notify, Body: iketest.V1NotifyBody(1, 36136, other, binary.BigEndian.AppendUint32(nil, 78))}))
	n.run(time.Second, nil)
	if got := n.peer.Notified(); len(got) != 1 || got[0] != 36137 {
		t.Errorf("got notifies %d, want one R-U-THERE-ACK", got)
	}
}

// TestRefusedTwice has a peer that refuses each copy of message 1 of Quick Mode by an
// Informational of its own, which does not say which one it is about, later than message 1
// goes out again: the second refusal is not one of the wider selectors.
func TestRefusedTwice(t *testing.T) {
	t.Parallel()
	cfg := peerConfig()
	cfg.Widest = 1
	n := newNet(t, fast(t, false), cfg)
	n.in = func(d ike.Datagram) []ike.Datagram {
		if d.Data[18] == exchangeInformational {
			return nil
		}
		return []ike.Datagram{d}
	}
	n.open(1, want(t))
	if !n.run(time.Second, func() bool { return len(n.m.quicks) == 1 && n.m.quicks[0].resend.count == 1 }) {
		t.Fatal("message 1 does not go out again")
	}
	for range 2 {
		n.do(n.m.Receive(n.now, n.peer.Inform(ike.Payload{Type: iketest.V1Notify, Body: iketest.V1NotifyBody(3, notifyInvalidID, nil, nil)})))
	}
	n.waitUp(1, 1)
	if c := n.peer.Children()[0]; c.Portal.Port() != portal.Port() {
		t.Errorf("got selectors of the port %d, want %d", c.Portal.Port(), portal.Port())
	}
}
