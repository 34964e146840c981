package userspace

import (
	"bytes"
	"testing"
	"testing/synctest"

	"github.com/go-iscsi/discovery/internal/ike"
)

// TestWorn: so many bytes of a cipher with short blocks make the connection ask for new
// security associations, once; of another cipher they do not.
func TestWorn(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		suite ike.ESPSuite
		bytes uint64
		want  int
	}{
		{"3DES", ike.ESPSuite{Encryption: ike.TripleDES, Integrity: ike.Integrity(ike.SHA1)}, rekeyBytes3DES, 1},
		{"3DES, not yet", ike.ESPSuite{Encryption: ike.TripleDES, Integrity: ike.Integrity(ike.SHA1)}, 1000, 0},
		{"AES", suite, rekeyBytes3DES, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				m := &fakeMachine{}
				sa, _ := newDriven(m)
				c, _, _ := newUp(t, sa, m)
				c.mu.Lock()
				c.pairs[0].suite, c.pairs[0].bytesOut = tt.suite, tt.bytes
				c.mu.Unlock()
				for range 3 {
					if err := c.Send(tcpPacket(c.flow)); err != nil {
						t.Fatal(err)
					}
				}
				c.stop()
				if m.rekeyed != tt.want {
					t.Errorf("asked %d times, want %d", m.rekeyed, tt.want)
				}
				sa.close()
			})
		})
	}
}

// TestManyPairs: a peer that renews the security associations over and over does not make
// a connection keep them all, and no byte is left out of the proof.
func TestManyPairs(t *testing.T) {
	t.Parallel()
	c := newChild(ike.Child{})
	key := func() ike.Secret { return ike.NewSecret(bytes.Repeat([]byte{7}, suite.KeyLen())) }
	const many = 3 * maxPairsOfProofs
	for i := range uint32(many) {
		c.up(ike.ChildUp{Suite: suite, In: ike.Association{SPI: 1000 + i, Key: key()}, Out: ike.Association{SPI: 2000 + i, Key: key()}}, ike.Established{Exchange: "main"})
		last := c.pairs[len(c.pairs)-1]
		last.bytesIn, last.bytesOut = 1, 2
		if i > 0 {
			c.expire(1000 + i - 1)
		}
	}
	s := request(t, 0x26, 0)
	p, err := c.proof(&s)
	if err != nil || p.BytesIn != many || p.BytesOut != 2*many || len(c.pairs) != maxPairsOfProofs || len(p.SPIs) != 2*maxPairsOfProofs {
		t.Errorf("got %d and %d bytes, %d pairs, %d SPIs, %v", p.BytesIn, p.BytesOut, len(c.pairs), len(p.SPIs), err)
	}
	open := 0
	for _, pair := range c.pairs {
		if pair.opener != nil {
			open++
		}
	}
	if open != 1 {
		t.Errorf("%d pairs have keys, want 1", open)
	}
}

// TestExhausted: when the sequence numbers are used up, or the keys are cleared, nothing is
// sent.
func TestExhausted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := &fakeMachine{}
		sa, p := newDriven(m)
		c, _, _ := newUp(t, sa, m)
		c.lose("the peer deleted them")
		if err := c.Send(tcpPacket(c.flow)); err == nil || err != c.loss() {
			t.Errorf("got %v, want %v", err, c.loss())
		}
		if err := c.Send([]byte("no packet")); err == nil {
			t.Error("no packet was sent")
		}
		if len(p.sent) != 0 {
			t.Errorf("%d datagrams were sent", len(p.sent))
		}
		sa.close()
	})
}
