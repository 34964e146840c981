package ikev1

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/internal/ike"
)

// TestDays has two days of a bad network, in which both ends renew at random, also at once,
// and the IKE security association is renewed in its time. The machine keeps little, and
// both ends have the same keys at last.
func TestDays(t *testing.T) {
	t.Parallel()
	for _, ex := range exchanges {
		for seed := range uint64(3) {
			t.Run(fmt.Sprintf("%s, seed %d", ex.name, seed), func(t *testing.T) {
				t.Parallel()
				n := newNet(t, fast(t, ex.aggressive), peerConfig())
				n.mustUp(want(t, []string{"aes256gcm16", "aes256gcm16-ecp256"}[seed%2]))
				r := rand.New(rand.NewPCG(seed, 0))
				way := func(toPeer bool) func(ike.Datagram) []ike.Datagram {
					return func(d ike.Datagram) []ike.Datagram {
						for copies := []int{0, 1, 1, 1, 1, 1, 1, 2}[r.IntN(8)]; copies > 0; copies-- {
							n.flying = append(n.flying, flight{n.now.Add(time.Duration(r.IntN(40)) * time.Millisecond), toPeer, d})
						}
						return nil
					}
				}
				n.out, n.in = way(true), way(false)
				for end := n.now.Add(48 * time.Hour); n.now.Before(end) && n.ended() == nil; {
					n.someTime(r)
				}
				n.out, n.in = nil, nil
				n.run(5*time.Minute, nil)
				if n.ended() != nil {
					t.Fatalf("got %v, want that it goes on", n.ended())
				}
				n.check(1)
			})
		}
	}
}

// someTime has one end or both renew, and more than an hour may pass.
func (n *net) someTime(r *rand.Rand) {
	n.t.Helper()
	what := r.IntN(4)
	if what&1 != 0 {
		n.do(n.m.Rekey(n.now, 1))
	}
	if children := n.peer.Children(); what&2 != 0 && n.m.first == nil && len(children) > 0 {
		first := n.peer.Rekey(children[len(children)-1])
		for range 5 {
			n.fromPeer(first)
			n.run(time.Second, nil)
		}
	}
	for range 10 {
		n.fromPeer(n.peer.Repeat()...)
		if n.m.first == nil {
			n.fromPeer(n.peer.DPD(r.Uint32()))
		}
		n.run(time.Second, nil)
	}
	for range r.IntN(1000) { // up to an hour and a half
		n.fromPeer(n.peer.Repeat()...)
		n.run(5*time.Second, nil)
	}
	if m := n.m; len(m.quicks) > 4 || len(m.theirs) > 4 || len(m.old) > 2 || len(m.children[0].pairs) > 6 {
		n.t.Fatalf("it keeps %d and %d quick modes, %d associations, %d pairs", len(m.quicks), len(m.theirs), len(m.old), len(m.children[0].pairs))
	}
}
