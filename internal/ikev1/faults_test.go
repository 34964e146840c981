package ikev1

import (
	"encoding/binary"
	"fmt"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/internal/ike"
)

// fast is a configuration whose arithmetic takes microseconds.
func fast(t testing.TB, aggressive bool) ike.Config {
	cfg := config(t)
	cfg.Aggressive, cfg.Suites = aggressive, []ike.Suite{suite(t, "aes256-sha1-ecp256")}
	return cfg
}

// exchanges are the two exchanges of phase 1, with how many datagrams each end sends until
// a child is up.
var exchanges = []struct {
	name             string
	aggressive       bool
	ours, ofThePeers int
}{
	{"main", false, 5, 4},
	{"aggressive", true, 4, 2},
}

// nth returns a function that does something to the datagram of a number, from 0.
func nth(i int, do func(ike.Datagram) []ike.Datagram) func(ike.Datagram) []ike.Datagram {
	n := -1
	return func(d ike.Datagram) []ike.Datagram {
		if n++; n == i {
			return do(d)
		}
		return []ike.Datagram{d}
	}
}

func lost(ike.Datagram) []ike.Datagram      { return nil }
func doubled(d ike.Datagram) []ike.Datagram { return []ike.Datagram{d, d} }
func tenfold(d ike.Datagram) (l []ike.Datagram) {
	for range 10 {
		l = append(l, d)
	}
	return l
}

func TestFaultyNetwork(t *testing.T) {
	t.Parallel()
	faults := []struct {
		name string
		do   func(ike.Datagram) []ike.Datagram
		max  time.Duration
	}{
		{"lost", lost, 400 * time.Millisecond},
		{"doubled", doubled, 100 * time.Millisecond},
		{"tenfold", tenfold, 100 * time.Millisecond},
	}
	for _, ex := range exchanges {
		for _, f := range faults {
			for i := range ex.ours + ex.ofThePeers {
				t.Run(fmt.Sprintf("%s, datagram %d %s", ex.name, i, f.name), func(t *testing.T) {
					t.Parallel()
					n := newNet(t, fast(t, ex.aggressive), peerConfig())
					if i < ex.ours {
						n.out = nth(i, f.do)
					} else {
						n.in = nth(i-ex.ours, f.do)
					}
					start := n.now
					n.open(1, want(t))
					if !n.run(10*time.Second, func() bool { return len(n.ups(1)) > 0 }) {
						t.Fatalf("not up: %v, %v", n.ended(), n.m.Reason(1))
					}
					if got := n.now.Sub(start); got > f.max {
						t.Errorf("up after %v, want at most %v", got, f.max)
					}
					for len(n.peer.Children()) == 0 && n.now.Sub(start) < 5*time.Second {
						n.run(100*time.Millisecond, nil)
						if len(n.peer.Children()) == 0 { // as charon does while message 3 is due
							n.fromPeer(n.peer.Repeat()...)
						}
					}
					n.check(1)
					if len(n.ups(1)) != 1 {
						t.Errorf("got %d associations, want 1", len(n.ups(1)))
					}
				})
			}
		}
	}
}

// TestLateDatagrams has each datagram of the peer arrive after the answer to the
// retransmission that it caused, and all that it sent once more at the end.
func TestLateDatagrams(t *testing.T) {
	t.Parallel()
	for _, ex := range exchanges {
		for i := range ex.ofThePeers {
			t.Run(fmt.Sprintf("%s, datagram %d", ex.name, i), func(t *testing.T) {
				t.Parallel()
				n := newNet(t, fast(t, ex.aggressive), peerConfig())
				var all []ike.Datagram
				hold := nth(i, func(d ike.Datagram) []ike.Datagram {
					n.flying = append(n.flying, flight{n.now.Add(320 * time.Millisecond), false, d})
					return nil
				})
				n.in = func(d ike.Datagram) []ike.Datagram {
					all = append(all, d)
					return hold(d)
				}
				n.mustUp(want(t))
				n.in = nil
				n.fromPeer(all...)
				n.run(time.Second, nil)
				if len(n.ups(1)) != 1 || n.ended() != nil {
					t.Errorf("got %d associations and %v, want 1 and no end", len(n.ups(1)), n.ended())
				}
				n.check(1)
			})
		}
	}
}

// TestTruncated sends each message of the peer cut at each byte, as it is and with a
// length that is right, before the whole one.
func TestTruncated(t *testing.T) {
	t.Parallel()
	for _, ex := range exchanges {
		t.Run(ex.name, func(t *testing.T) {
			t.Parallel()
			n := newNet(t, fast(t, ex.aggressive), peerConfig())
			n.in = func(d ike.Datagram) (list []ike.Datagram) {
				for i := range d.Data {
					cut := append([]byte(nil), d.Data[:i]...)
					list = append(list, ike.Datagram{Port: d.Port, Data: cut})
					if i >= ike.HeaderLen {
						fixed := append([]byte(nil), cut...)
						binary.BigEndian.PutUint32(fixed[24:], uint32(i))
						list = append(list, ike.Datagram{Port: d.Port, Data: fixed})
					}
				}
				return append(list, d)
			}
			n.mustUp(want(t))
		})
	}
}

// TestDamaged flips each byte of what the peer sends encrypted, before the message as it
// is.
func TestDamaged(t *testing.T) {
	t.Parallel()
	for _, ex := range exchanges {
		t.Run(ex.name, func(t *testing.T) {
			t.Parallel()
			n := newNet(t, fast(t, ex.aggressive), peerConfig())
			n.in = func(d ike.Datagram) (list []ike.Datagram) {
				if d.Data[19]&flagEncrypted != 0 {
					for i := range d.Data {
						bad := append([]byte(nil), d.Data...)
						bad[i] ^= 0x11
						list = append(list, ike.Datagram{Port: d.Port, Data: bad})
					}
				}
				return append(list, d)
			}
			n.mustUp(want(t))
		})
	}
}

// TestReflected sends all that we send back to us, before it gets to the peer.
func TestReflected(t *testing.T) {
	t.Parallel()
	for _, ex := range exchanges {
		t.Run(ex.name, func(t *testing.T) {
			t.Parallel()
			n := newNet(t, fast(t, ex.aggressive), peerConfig())
			n.out = func(d ike.Datagram) []ike.Datagram {
				n.flying = append(n.flying, flight{n.now, false, d})
				return []ike.Datagram{d}
			}
			n.mustUp(want(t, "aes128-sha1-ecp256"))
			n.do(n.m.Rekey(n.now, 1))
			n.waitUp(1, 2)
			n.run(15*time.Second, nil)
			if n.ended() != nil {
				t.Errorf("got %v, want no end", n.ended())
			}
		})
	}
}
