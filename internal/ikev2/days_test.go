package ikev2

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// TestDays has two days of a bad network, in which both ends renew and delete at random,
// also at once. The machine keeps little, and when the network is good again the
// connection is up with the same keys at both ends, or has ended at both.
func TestDays(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			t.Parallel()
			esp := []string{"aes256gcm16", "aes256gcm16-ecp256"}[seed%2]
			w := up(t, esp, nil)
			r := rand.New(rand.NewPCG(seed, 0))
			w.carry = func(_ int, f flight) (list []flight) {
				for copies := []int{0, 1, 1, 1, 1, 1, 1, 2}[r.IntN(8)]; copies > 0; copies-- {
					f.at = w.now.Add(time.Duration(r.IntN(40)) * time.Millisecond)
					list = append(list, f)
				}
				return list
			}
			repeat := func() {
				for range 20 {
					w.fromPeer(w.peer.Tick(w.now))
					w.run(time.Second)
				}
			}
			for end := start.Add(48 * time.Hour); w.now.Before(end) && w.down(1) == nil; {
				busy := w.peer.Busy()
				switch n := len(w.peer.Children()); r.IntN(6) {
				case 0, 1:
					w.do(w.machine.Rekey(w.now, 1))
				case 2:
					if !busy && n > 0 {
						w.fromPeer(w.peer.RekeyChild(n - 1))
					}
				case 3:
					if !busy {
						w.fromPeer(w.peer.RekeyIKE())
					}
				}
				if r.IntN(2) == 0 {
					w.do(w.machine.Rekey(w.now, 1))
				}
				repeat()
				if n := w.peer.Alive(); n > 1 && !w.peer.Busy() {
					w.fromPeer(w.peer.DeleteOthers(w.machine.security.peers))
					repeat()
				}
				w.run(time.Duration(r.IntN(60)) * time.Minute)
				if m := w.machine; len(m.queue) > 8 || len(m.others) > 8 || len(m.children[0].old) > 8 {
					t.Fatalf("it keeps %d requests, %d associations, %d pairs", len(m.queue), len(m.others), len(m.children[0].old))
				}
			}
			w.carry = nil
			repeat()
			if err := w.down(1); err != nil {
				t.Fatalf("at %v: %v", w.now.Sub(start), err)
			}
			w.wantUp(1, len(w.ups(1)))
		})
	}
}
