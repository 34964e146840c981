package ikev1

import (
	"bytes"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/internal/ike"
	"github.com/go-iscsi/discovery/internal/iketest"
)

// TestImpostor has an attacker that has not the key answer messages of main mode before the
// peer does: the peer's answers are gone on with when the attacker's lead nowhere.
func TestImpostor(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		until step // that it answers
	}{
		{"message 2", awaitFirst},
		{"messages 2 and 4", awaitKey},
		{"all messages", awaitID},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			n := newNet(t, fast(t, false), peerConfig())
			cfg := peerConfig()
			cfg.PSK = "another"
			impostor := iketest.NewV1(cfg)
			n.out = func(d ike.Datagram) []ike.Datagram {
				if n.m.first != nil && n.m.first.handshake.step <= tt.until {
					for _, answer := range impostor.Receive(n.now, d) {
						n.flying = append(n.flying, flight{n.now, false, answer})
					}
				}
				return []ike.Datagram{d}
			}
			n.open(1, want(t))
			if !n.run(10*time.Second, func() bool { return len(n.ups(1)) == 1 }) {
				t.Fatalf("it does not come up: %v, reason %v", n.ended(), n.m.Reason(1))
			}
			n.run(3*travel, nil)
			up, peers := n.ups(1)[0], n.peer.Children() // check would find fault with the cookie of the impostor
			if last := peers[len(peers)-1]; last.In.SPI != up.Out.SPI || !last.In.Key.Equal(up.Out.Key) {
				t.Error("the ends have other associations")
			}
		})
	}
}

// TestChangedKeyExchange has an attacker send a changed message 4 before the peer's own.
func TestChangedKeyExchange(t *testing.T) {
	t.Parallel()
	n := newNet(t, fast(t, false), peerConfig())
	n.in = func(d ike.Datagram) []ike.Datagram {
		if n.m.first == nil || n.m.first.handshake.step != awaitKey {
			return []ike.Datagram{d}
		}
		changed := ike.Datagram{Port: d.Port, Data: bytes.Clone(d.Data)}
		changed.Data[60] ^= 1 // of the public value
		return []ike.Datagram{changed, d}
	}
	n.mustUp(want(t))
}

// TestManyImpostors has an attacker answer message 1 many times: few answers are kept.
func TestManyImpostors(t *testing.T) {
	t.Parallel()
	n := newNet(t, fast(t, false), peerConfig())
	n.out = func(d ike.Datagram) []ike.Datagram {
		for range 100 {
			for _, answer := range iketest.NewV1(peerConfig()).Receive(n.now, d) {
				n.flying = append(n.flying, flight{n.now, false, answer})
			}
		}
		return nil
	}
	n.open(1, want(t))
	n.run(100*time.Millisecond, nil)
	if got := len(n.m.first.handshake.alternatives); got != maxAlternatives {
		t.Errorf("got %d answers beside the one that was taken, want %d", got, maxAlternatives)
	}
}
