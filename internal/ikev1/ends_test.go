package ikev1

import (
	"errors"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/internal/ike"
	"github.com/go-iscsi/discovery/internal/iketest"
)

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
		cfg := peerConfig()
		cfg.Lifetime = 3000 // so that the child is not renewed at the same time
		n := newNet(t, fast(t, ex.aggressive), cfg)
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
		if len(n.m.old) != 0 {
			t.Errorf("%s: got %d associations that were replaced, want none", ex.name, len(n.m.old))
		}
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

// TestPeerDeletesAtEachPoint has the peer delete the associations that are in use, or the
// IKE security association, at each point of a renewal of ours.
func TestPeerDeletesAtEachPoint(t *testing.T) {
	t.Parallel()
	for step := range 8 {
		n := newNet(t, fast(t, false), peerConfig())
		n.mustUp(want(t))
		n.do(n.m.Rekey(n.now, 1))
		n.run(time.Duration(step)*travel/2, nil)
		n.fromPeer(n.peer.Delete(n.peer.Children()[0]))
		n.run(5*time.Second, nil)
		if n.ended() != nil || len(n.ups(1)) < 2 {
			t.Errorf("step %d: got %v and %d associations, want no end", step, n.ended(), len(n.ups(1)))
		}
		n.check(1)
	}
	for step := range 8 {
		n := newNet(t, fast(t, true), peerConfig())
		n.open(1, want(t))
		n.run(time.Second, func() bool { return n.peer.Established() > 0 })
		n.run(time.Duration(step)*travel, nil)
		up := len(n.ups(1)) > 0
		n.fromPeer(n.peer.DeleteIKE())
		n.run(time.Second, nil)
		var gone *ike.Gone
		if !errors.As(n.ended(), &gone) {
			t.Errorf("step %d: got %v, want that it is gone", step, n.ended())
		}
		for _, e := range n.events {
			if d, ok := e.(ike.ChildDown); ok {
				t.Errorf("step %d, up %t: got %v", step, up, d)
			}
		}
	}
}
