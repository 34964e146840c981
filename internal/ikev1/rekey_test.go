package ikev1

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/internal/ike"
	"github.com/go-iscsi/discovery/internal/iketest"
)

// expired returns the SPIs of ChildExpired.
func (n *net) expired() (list []uint32) {
	for _, e := range n.events {
		if x, ok := e.(ike.ChildExpired); ok {
			list = append(list, x.SPI)
		}
	}
	return list
}

// mustExpire lets the associations before the last of child 1 end, and looks whether they
// do so after 10 s, at both ends.
func (n *net) mustExpire(before int) {
	n.t.Helper()
	n.run(overlap-100*time.Millisecond, nil)
	if got := n.expired(); len(got) != before {
		n.t.Errorf("before 10 s: got %x expired, want %d", got, before)
	}
	n.run(200*time.Millisecond, nil)
	ups := n.ups(1)
	if got := n.expired(); len(got) != len(ups)-1 || got[len(got)-1] != ups[len(ups)-2].In.SPI {
		n.t.Errorf("after 10 s: got %x expired, want all but the last one", got)
	}
	if len(n.peer.Children()) != 1 {
		n.t.Errorf("the peer has %d children, want 1", len(n.peer.Children()))
	}
	n.check(1)
}

func TestRekeyByTime(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		life time.Duration
		peer func(*iketest.V1Config)
	}{
		{"an hour", time.Hour, func(*iketest.V1Config) {}},
		{"lower in the answer", 600 * time.Second, func(c *iketest.V1Config) { c.Lifetime = 600 }},
		{"RESPONDER-LIFETIME in message 2", 900 * time.Second, func(c *iketest.V1Config) {
			c.Change = func(step iketest.Step, list []ike.Payload) []ike.Payload {
				if step == iketest.Quick2 {
					body := iketest.V1NotifyBody(3, 24576, []byte{1, 2, 3, 4}, []byte{0x80, 1, 0, 1, 0, 2, 0, 4, 0, 0, 3, 0x84})
					list = append(list, ike.Payload{Type: iketest.V1Notify, Body: body})
				}
				return list
			}
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			cfg := peerConfig()
			tt.peer(&cfg)
			n := newNet(t, fast(t, false), cfg)
			n.mustUp(want(t, "aes256gcm16-ecp256"))
			n.run(tt.life*4/5-50*time.Millisecond, nil)
			if len(n.ups(1)) != 1 {
				t.Fatalf("got %d associations before the time, want 1", len(n.ups(1)))
			}
			n.run(60*time.Millisecond, nil)
			if len(n.ups(1)) != 2 {
				t.Fatalf("got %d associations after the time, want 2", len(n.ups(1)))
			}
			n.check(1)
			n.mustExpire(0)
		})
	}
}

func TestRekeyAsked(t *testing.T) {
	t.Parallel()
	n := newNet(t, fast(t, true), peerConfig())
	n.mustUp(want(t))
	n.do(n.m.Rekey(n.now, 1))
	n.do(n.m.Rekey(n.now, 1))
	n.waitUp(1, 2)
	n.mustExpire(0)
}

func TestRekeyByPeer(t *testing.T) {
	t.Parallel()
	for _, esp := range []string{"aes256gcm16", "aes128-sha256-ecp256"} {
		for _, fault := range []func(ike.Datagram) []ike.Datagram{doubled, lost} {
			n := newNet(t, fast(t, false), peerConfig())
			n.mustUp(want(t, esp))
			first := n.peer.Rekey(n.peer.Children()[0])
			n.out = nth(0, fault)
			n.fromPeer(first, first)
			n.waitUp(1, 2)
			n.fromPeer(first)
			n.mustExpire(0)
			if len(n.ups(1)) != 2 {
				t.Errorf("got %d associations, want 2", len(n.ups(1)))
			}
		}
	}
}

// TestRekeyByPeerRefused has the peer ask for what the plan does not have.
func TestRekeyByPeerRefused(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(*iketest.Child)
		want   uint16
	}{
		{"another mode", func(c *iketest.Child) { c.Tunnel = !c.Tunnel }, notifyNoProposal},
		{"no forward secrecy", func(c *iketest.Child) { c.Suite.Group = 0 }, notifyNoProposal},
		{"an algorithm that was not offered", func(c *iketest.Child) { c.Suite = espSuite(t, "3des-sha1-ecp256") }, notifyNoProposal},
		{"other selectors", func(c *iketest.Child) { c.Initiator, c.Portal = c.Portal, c.Initiator }, notifyInvalidID},
	}
	for _, tt := range tests {
		n := newNet(t, fast(t, false), peerConfig())
		n.mustUp(want(t, "aes256gcm16-ecp256"))
		c := n.peer.Children()[0]
		tt.change(&c)
		n.fromPeer(n.peer.Rekey(c))
		n.run(time.Second, nil)
		if got := n.peer.Notified(); len(got) != 1 || got[0] != tt.want || len(n.ups(1)) != 1 {
			t.Errorf("%s: got notifies %d and %d associations, want %d and 1", tt.name, got, len(n.ups(1)), tt.want)
		}
	}
}

func TestRekeyAtOnce(t *testing.T) {
	t.Parallel()
	n := newNet(t, fast(t, false), peerConfig())
	n.mustUp(want(t))
	n.fromPeer(n.peer.Rekey(n.peer.Children()[0]))
	n.do(n.m.Rekey(n.now, 1))
	n.waitUp(1, 3)
	n.run(overlap+time.Second, nil)
	if len(n.expired()) != 2 || len(n.peer.Children()) != 1 {
		t.Errorf("got %x expired, and the peer has %d children; want 2 and 1", n.expired(), len(n.peer.Children()))
	}
	n.check(1)
}

// TestRekeyByPeerUnproved has the hash of the peer's message 3 be wrong, as where message 1
// was a replay.
func TestRekeyByPeerUnproved(t *testing.T) {
	t.Parallel()
	cfg := peerConfig()
	cfg.Change = func(step iketest.Step, list []ike.Payload) []ike.Payload {
		if step == iketest.Rekey3 {
			list[0].Body[0] ^= 1
		}
		return list
	}
	n := newNet(t, fast(t, false), cfg)
	n.mustUp(want(t))
	n.fromPeer(n.peer.Rekey(n.peer.Children()[0]))
	n.run(time.Minute, nil)
	if len(n.ups(1)) != 1 || n.ended() != nil {
		t.Errorf("got %d associations and %v, want 1 and no end", len(n.ups(1)), n.ended())
	}
}

// TestResponderLifetime has the peer say by itself that its lifetimes are lower than what
// it agreed to.
func TestResponderLifetime(t *testing.T) {
	t.Parallel()
	seconds := func(n byte) []byte { return []byte{0x80, 1, 0, 1, 0x80, 2, 0, n} }
	n := newNet(t, fast(t, false), peerConfig())
	n.mustUp(want(t))
	spi := binary.BigEndian.AppendUint32(nil, n.ups(1)[0].Out.SPI)
	n.fromPeer(n.peer.Inform(ike.Payload{Type: iketest.V1Notify, Body: iketest.V1NotifyBody(3, 24576, spi, seconds(100))}))
	n.run(70*time.Second, nil)
	if len(n.ups(1)) != 1 {
		t.Errorf("after 70 s: got %d associations, want 1", len(n.ups(1)))
	}
	n.run(15*time.Second, nil)
	if len(n.ups(1)) != 2 {
		t.Errorf("after 85 s: got %d associations, want 2", len(n.ups(1)))
	}
	n.fromPeer(n.peer.Inform(ike.Payload{Type: iketest.V1Notify, Body: iketest.V1NotifyBody(1, 24576, n.peer.Cookies(), seconds(200))}))
	n.run(150*time.Second, nil)
	before := n.m.sa
	n.run(15*time.Second, nil)
	if n.m.sa == before || n.m.sa == nil {
		t.Error("after 165 of 200 s the IKE security association was not renewed")
	}
	n.run(time.Minute, nil)
	n.check(1)
	if n.peer.Established() != 1 || n.ended() != nil {
		t.Errorf("got %d IKE security associations and %v, want 1 and no end", n.peer.Established(), n.ended())
	}
}
