package ikev1

import (
	"errors"
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

// TestNotRenewed has the peer fall silent, or refuse, when associations are to be renewed:
// they go on to the end of their time.
func TestNotRenewed(t *testing.T) {
	t.Parallel()
	for _, silent := range []bool{true, false} {
		cfg := peerConfig()
		refuse := false
		cfg.Change = func(step iketest.Step, list []ike.Payload) []ike.Payload {
			if step == iketest.Quick2 && refuse {
				return nil
			}
			return list
		}
		n := newNet(t, fast(t, false), cfg)
		n.mustUp(want(t))
		refuse = true
		if silent {
			n.in = lost
		}
		n.run(time.Hour-time.Second, nil)
		if n.ended() != nil {
			t.Fatalf("silent %t: got %v before the time was over", silent, n.ended())
		}
		n.run(2*time.Second, nil)
		var gone *ike.Gone
		if !errors.As(n.ended(), &gone) {
			t.Errorf("silent %t: got %v, want gone", silent, n.ended())
		}
		if sent := len(n.sent); sent > 60 {
			t.Errorf("silent %t: got %d messages in an hour", silent, sent)
		}
	}
}

func TestPeerDeletes(t *testing.T) {
	t.Parallel()
	n := newNet(t, fast(t, false), peerConfig())
	n.mustUp(want(t))
	first := n.ups(1)[0].In.SPI
	n.fromPeer(n.peer.Delete(n.peer.Children()[0]))
	n.waitUp(1, 2)
	if got := n.expired(); len(got) != 1 || got[0] != first {
		t.Errorf("got %x expired, want %x", got, first)
	}
	n.fromPeer(n.peer.Delete(n.peer.Children()[0]))
	n.run(time.Second, nil)
	var gone *ike.Gone
	if !errors.As(n.ended(), &gone) || len(n.ups(1)) != 2 {
		t.Errorf("after the second Delete: got %v and %d associations, want gone and 2", n.ended(), len(n.ups(1)))
	}
}

// TestPeerDeletesAndStops has the peer delete, and not answer to what renews: the child is
// gone within a second.
func TestPeerDeletesAndStops(t *testing.T) {
	t.Parallel()
	n := newNet(t, fast(t, false), peerConfig())
	n.mustUp(want(t))
	n.fromPeer(n.peer.Delete(n.peer.Children()[0]))
	n.in = lost
	start := n.now
	n.run(5*time.Second, func() bool { return n.ended() != nil })
	var gone *ike.Gone
	if took := n.now.Sub(start); !errors.As(n.ended(), &gone) || took > time.Second {
		t.Errorf("got %v after %v, want gone within a second", n.ended(), took)
	}
}

// TestPeerDeletesIKE has the peer end the IKE security association: the child goes on until
// it has to be renewed.
func TestPeerDeletesIKE(t *testing.T) {
	t.Parallel()
	n := newNet(t, fast(t, false), peerConfig())
	n.mustUp(want(t))
	n.fromPeer(n.peer.DeleteIKE())
	n.run(time.Minute, nil)
	down := 0
	for _, e := range n.events {
		switch e.(type) {
		case ike.Down:
			down++
		case ike.ChildDown:
			t.Errorf("the child is down with the IKE security association")
		}
	}
	if down != 1 {
		t.Errorf("got %d Down, want 1", down)
	}
	n.run(time.Hour*4/5, nil)
	last, ok := n.events[len(n.events)-1].(ike.ChildDown)
	var gone *ike.Gone
	if !ok || !errors.As(last.Err, &gone) {
		t.Errorf("when it has to be renewed: got %v, want gone", n.events[len(n.events)-1])
	}
	n.open(2, want(t))
	if last, ok := n.events[len(n.events)-1].(ike.ChildDown); !ok || last.Child != 2 {
		t.Errorf("Open afterwards: got %v, want that the child is down", n.events[len(n.events)-1])
	}
}

// TestRenewIKE goes through the time of an IKE security association: another takes its
// place, and all of it happens under that.
func TestRenewIKE(t *testing.T) {
	t.Parallel()
	for _, ex := range exchanges {
		n := newNet(t, fast(t, ex.aggressive), peerConfig())
		n.mustUp(want(t))
		n.run(ikeLifetime*time.Second*4/5+time.Minute, nil)
		if n.ended() != nil || n.peer.Established() != 1 || len(n.peer.Children()) != 1 {
			t.Fatalf("%s: got %v; the peer has %d IKE security associations and %d children", ex.name, n.ended(), n.peer.Established(), len(n.peer.Children()))
		}
		established := 0
		for _, e := range n.events {
			if _, ok := e.(ike.Established); ok {
				established++
			}
		}
		if established != 2 {
			t.Errorf("%s: got %d Established, want 2", ex.name, established)
		}
		n.check(1)
		n.run(10*time.Hour, nil)
		n.check(1)
		if n.ended() != nil {
			t.Errorf("%s: got %v, want no end", ex.name, n.ended())
		}
	}
}

func TestIKENotRenewed(t *testing.T) {
	t.Parallel()
	n := newNet(t, fast(t, false), peerConfig())
	n.mustUp(want(t))
	n.out = func(d ike.Datagram) []ike.Datagram {
		if d.Data[18] == exchangeMain {
			return nil
		}
		return []ike.Datagram{d}
	}
	n.run(ikeLifetime*time.Second-time.Minute, nil)
	if n.ended() != nil {
		t.Fatalf("got %v before the time was over", n.ended())
	}
	n.run(2*time.Hour, nil)
	var gone *ike.Gone
	if !errors.As(n.ended(), &gone) {
		t.Errorf("got %v, want gone", n.ended())
	}
}
