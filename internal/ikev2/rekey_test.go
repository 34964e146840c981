package ikev2

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/internal/ike"
	"github.com/go-iscsi/discovery/internal/iketest"
)

// up returns a wire with a child that is up.
func up(t *testing.T, esp string, change func(*ike.Config, *iketest.V2Config)) *wire {
	t.Helper()
	w := newWire(t, func(c *ike.Config, v *iketest.V2Config) {
		v.ESP = []ike.ESPSuite{espSuite(t, esp)}
		if change != nil {
			change(c, v)
		}
	})
	w.open(1, childOf(t, false, esp))
	w.wantUp(1, 1)
	return w
}

// expired returns the SPIs of the ChildExpired events of a child.
func (w *wire) expired(id int) (list []uint32) {
	for _, e := range w.events {
		if x, ok := e.(ike.ChildExpired); ok && x.Child == id {
			list = append(list, x.SPI)
		}
	}
	return list
}

// TestRekeyInTime waits for a day: a child is renewed every 48 minutes, and the IKE
// security association every 6.4 hours.
func TestRekeyInTime(t *testing.T) {
	t.Parallel()
	w := up(t, "aes256gcm16-ecp256", nil)
	w.run(24*time.Hour - 5*time.Minute)
	n := len(w.ups(1))
	if n != 30 {
		t.Errorf("it came up %d times in a day, want 30", n)
	}
	w.wantUp(1, n)
	for i, spi := range w.expired(1) {
		if want := w.ups(1)[i].In.SPI; spi != want {
			t.Errorf("%#x expired in place %d, want %#x", spi, i, want)
		}
	}
	if got := len(w.expired(1)); got != n-1 {
		t.Errorf("%d expired, want %d", got, n-1)
	}
	if len(w.peer.Children()) != 1 || w.peer.Alive() != 1 {
		t.Errorf("the responder has %d children and %d associations, want one of each", len(w.peer.Children()), w.peer.Alive())
	}
	w.close()
}

// TestRekey has rekeys that one end begins.
func TestRekey(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		begin func(w *wire)
		ups   int
	}{
		{"ours, of the child", func(w *wire) { w.do(w.machine.Rekey(w.now, 1)) }, 2},
		{"ours, asked for twice", func(w *wire) { w.do(w.machine.Rekey(w.now, 1)); w.do(w.machine.Rekey(w.now, 1)) }, 2},
		{"the peer's, of the child", func(w *wire) { w.fromPeer(w.peer.RekeyChild(0)) }, 2},
		{"the peer's, of IKE", func(w *wire) { w.fromPeer(w.peer.RekeyIKE()); w.run(time.Second); w.fromPeer(w.peer.DeleteIKE(0)) }, 1},
		{"ours, of IKE", func(w *wire) { w.machine.security.rekeyAt = w.now; w.do(w.machine.Tick(w.now)) }, 1},
	} {
		for _, esp := range []string{"aes256gcm16", "aes256-sha256-modp2048"} {
			t.Run(tt.name+" "+esp, func(t *testing.T) {
				t.Parallel()
				w := up(t, esp, nil)
				tt.begin(w)
				w.run(time.Second)
				w.wantUp(1, tt.ups)
				if w.peer.Alive() != 1 {
					t.Errorf("the responder has %d associations, want 1", w.peer.Alive())
				}
				w.do(w.machine.Rekey(w.now, 1)) // what was made works
				w.run(time.Second)
				w.wantUp(1, tt.ups+1)
				w.do(w.machine.Open(w.now, 2, childOf(t, false, esp)))
				w.run(2 * time.Minute)
				w.wantUp(2, 1)
				if got := len(w.expired(1)); got != tt.ups {
					t.Errorf("%d expired, want %d", got, tt.ups)
				}
				w.close()
				if w.peer.Alive() != 0 {
					t.Error("the responder keeps an association after Close")
				}
			})
		}
	}
}

// TestSimultaneousChild has both ends replace one child at once (RFC 7296, section 2.8.1).
func TestSimultaneousChild(t *testing.T) {
	t.Parallel()
	outcomes := map[bool]bool{}
	for range 60 {
		w := up(t, "aes256gcm16", nil)
		first := w.ups(1)[0]
		w.fromPeer(w.peer.RekeyChild(0))
		w.do(w.machine.Rekey(w.now, 1))
		w.run(time.Second)
		ours := len(w.ups(1)) == 3 // that of the peer came first, and ours stayed
		outcomes[ours] = true
		if c := w.machine.children[0]; ours && bytes.Compare(c.current.lowest, c.old[1].lowest) < 0 {
			t.Fatal("the pair with the lowest nonce stayed")
		}
		last := w.wantUp(1, len(w.ups(1)))
		children := w.peer.Children()
		if len(children) != 2 { // the one that is used, and one that the peer has to delete: the old one, or its own
			t.Fatalf("the responder has %d children, want 2", len(children))
		}
		for i, c := range children {
			if c.Out.SPI != last.In.SPI {
				w.fromPeer(w.peer.DeleteChild(i))
				break
			}
		}
		w.run(2 * time.Minute)
		if w.down(1) != nil || len(w.peer.Children()) != 1 {
			t.Fatalf("got %+v with %d children at the responder, want the child to stay", w.events, len(w.peer.Children()))
		}
		w.wantUp(1, len(w.ups(1)))
		if e := w.expired(1); len(e) != len(w.ups(1))-1 || e[0] != first.In.SPI {
			t.Fatalf("expired %x, want all but the last", e)
		}
		w.close()
	}
	if len(outcomes) != 2 {
		t.Errorf("got the outcomes %v of 60 runs, want both", outcomes)
	}
}

// TestSimultaneousIKE has both ends replace the IKE security association at once (RFC
// 7296, section 2.8.2).
func TestSimultaneousIKE(t *testing.T) {
	t.Parallel()
	outcomes := map[bool]bool{}
	for range 60 {
		w := up(t, "aes256gcm16", nil)
		w.fromPeer(w.peer.RekeyIKE())
		w.machine.security.rekeyAt = w.now
		w.do(w.machine.Tick(w.now))
		o := w.machine.rekeying
		w.run(time.Second)
		ours := w.machine.security.initiator
		if ours && bytes.Compare(o.nonce, o.rivalLowest) < 0 {
			t.Fatal("the association with the lowest nonce stayed")
		}
		outcomes[ours] = true
		if w.peer.Alive() != 2 {
			t.Fatalf("the responder has %d associations, want two: it has to delete one", w.peer.Alive())
		}
		if ours {
			w.fromPeer(w.peer.DeleteIKE(1)) // its own new one
		} else {
			w.fromPeer(w.peer.DeleteIKE(0)) // the old one
		}
		w.run(time.Second)
		w.do(w.machine.Rekey(w.now, 1))
		w.run(5 * time.Minute)
		w.wantUp(1, 2)
		if w.down(1) != nil || w.peer.Alive() != 1 {
			t.Fatalf("got %+v and %d associations, want one", w.events, w.peer.Alive())
		}
		w.close()
	}
	if len(outcomes) != 2 {
		t.Errorf("got the outcomes %v of 60 runs, want both", outcomes)
	}
}

// TestRekeyRefused has a peer that refuses to renew a child.
func TestRekeyRefused(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		notify int
	}{
		{"for good", 14},
		{"for the moment", 43},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			refuse := map[uint8]int{}
			w := up(t, "aes256gcm16", func(_ *ike.Config, v *iketest.V2Config) { v.Refuse = refuse })
			refuse[36] = tt.notify
			w.run(50 * time.Minute)
			if w.down(1) != nil {
				t.Fatalf("got %v, want it to be up while its time lasts", w.down(1))
			}
			delete(refuse, 36)
			w.run(time.Minute)
			w.wantUp(1, 2)
			refuse[36] = tt.notify
			w.run(2 * time.Hour)
			var gone *ike.Gone
			if !errors.As(w.down(1), &gone) {
				t.Errorf("got %v, want that its time is over", w.down(1))
			}
			w.close()
		})
	}
}

// TestForgotten has a peer that has lost a child: a new one is asked for.
func TestForgotten(t *testing.T) {
	t.Parallel()
	refuse := map[uint8]int{}
	w := up(t, "aes256gcm16", func(_ *ike.Config, v *iketest.V2Config) { v.Refuse = refuse })
	refuse[36] = int(notifyChildNotFound)
	w.do(w.machine.Rekey(w.now, 1))
	w.run(latency * 3 / 2) // the refusal is on its way
	delete(refuse, 36)
	w.run(time.Second)
	w.wantUp(1, 2)
	w.run(time.Minute)
	if w.down(1) != nil || len(w.expired(1)) != 1 {
		t.Errorf("got %+v, want the old pair to expire, and the child to stay", w.events)
	}
	w.close()
}

// TestGroupOfRekey has a peer that wants another group for a child.
func TestGroupOfRekey(t *testing.T) {
	t.Parallel()
	w := newWire(t, func(_ *ike.Config, v *iketest.V2Config) { v.ESP = []ike.ESPSuite{espSuite(t, "aes256gcm16-modp2048")} })
	w.open(1, childOf(t, false, "aes256gcm16-ecp256", "aes256gcm16-modp2048"))
	if up := w.wantUp(1, 1); up.Suite.Group != ike.MODP2048 {
		t.Errorf("got the group %v, want MODP_2048", up.Suite.Group)
	}
	w.close()
}

// TestPeerRetransmits has a peer that repeats its requests: each gets the same bytes.
func TestPeerRetransmits(t *testing.T) {
	t.Parallel()
	w := up(t, "aes256gcm16", nil)
	rekey := w.peer.RekeyChild(0)[0]
	a := w.machine.Receive(w.now, rekey)
	b := w.machine.Receive(w.now, w.peer.Tick(w.now)[0])
	if len(a.Send) != 1 || len(b.Send) != 1 || !bytes.Equal(a.Send[0].Data, b.Send[0].Data) || len(b.Events) != 0 {
		t.Errorf("got %d and %d answers, events %+v; want the same twice", len(a.Send), len(b.Send), b.Events)
	}
	w.do(a)
	w.run(time.Second)
	w.fromPeer(w.peer.Ask(exchangeInformational, nil))
	w.run(time.Second)
	if c := w.machine.Receive(w.now, rekey); len(c.Send) != 0 {
		t.Errorf("got an answer to a request before the last one: %+v", c.Send)
	}
}
