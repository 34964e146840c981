package ikev1

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/internal/ike"
)

// TestBadNetwork has a fifth of all datagrams lost, a fifth doubled, and all of them
// overtake each other, while the ends negotiate, and renew from both sides.
func TestBadNetwork(t *testing.T) {
	t.Parallel()
	for _, ex := range exchanges {
		for seed := range uint64(100) {
			t.Run(fmt.Sprintf("%s, seed %d", ex.name, seed), func(t *testing.T) {
				t.Parallel()
				n := newNet(t, fast(t, ex.aggressive), peerConfig())
				r := rand.New(rand.NewPCG(seed, 0))
				way := func(toPeer bool) func(ike.Datagram) []ike.Datagram {
					return func(d ike.Datagram) []ike.Datagram {
						for copies := []int{0, 1, 1, 1, 2}[r.IntN(5)]; copies > 0; copies-- {
							n.flying = append(n.flying, flight{n.now.Add(time.Duration(r.IntN(60)) * time.Millisecond), toPeer, d})
						}
						return nil
					}
				}
				n.out, n.in = way(true), way(false)
				n.open(1, want(t, "aes256gcm16-ecp256"))
				n.settle(1)
				n.do(n.m.Rekey(n.now, 1))
				n.settle(2)
				first := n.peer.Rekey(n.peer.Children()[len(n.peer.Children())-1])
				for range 20 {
					n.fromPeer(first)
					n.run(300*time.Millisecond, nil)
				}
				n.settle(3)
				if len(n.ups(1)) != 3 {
					t.Errorf("got %d associations, want 3", len(n.ups(1)))
				}
			})
		}
	}
}

// settle waits until child 1 has had some associations, and the peer has the last ones.
func (n *net) settle(count int) {
	n.t.Helper()
	if !n.run(30*time.Second, func() bool { return len(n.ups(1)) >= count }) {
		n.t.Fatalf("got %d associations, want %d; %v; reason %v", len(n.ups(1)), count, n.ended(), n.m.Reason(1))
	}
	for range 40 { // as charon does while message 3 is due
		n.fromPeer(n.peer.Repeat()...)
		n.run(100*time.Millisecond, nil)
	}
	n.check(1)
}
