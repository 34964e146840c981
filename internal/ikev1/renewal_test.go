package ikev1

import (
	"bytes"
	"encoding/binary"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/internal/ike"
	"github.com/go-iscsi/discovery/internal/iketest"
)

// TestPadded has a peer that pads messages in clear text to a multiple of 4 bytes, as pluto
// does.
func TestPadded(t *testing.T) {
	t.Parallel()
	for _, ex := range exchanges {
		for zeros := range 4 {
			n := newNet(t, fast(t, ex.aggressive), peerConfig())
			n.in = func(d ike.Datagram) []ike.Datagram {
				if d.Data[19]&flagEncrypted == 0 {
					d.Data = append(bytes.Clone(d.Data), make([]byte, zeros)...)
					binary.BigEndian.PutUint32(d.Data[24:], uint32(len(d.Data)))
				}
				return []ike.Datagram{d}
			}
			n.mustUp(want(t))
		}
	}
}

// refusal returns what an attacker can send that has seen a message of ours.
func refusal(d ike.Datagram, kind uint16) ike.Datagram {
	h := ike.Header{Version: ike.Version1, Exchange: exchangeInformational, MessageID: 7}
	copy(h.Initiator[:], d.Data)
	copy(h.Responder[:], d.Data[8:])
	return ike.Datagram{Port: d.Port, Data: appendClear(h, ike.Payload{Type: payloadNotify, Body: notify{protocol: protocolISAKMP, kind: kind}.body()})}
}

// TestRenewalRefusedByAnother has an attacker refuse a renewal, and the peer answer late:
// the renewal succeeds, since there are minutes for it.
func TestRenewalRefusedByAnother(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		exchange uint8
		begin    func(n *net)
		done     func(n *net) bool
	}{
		{"quick mode", exchangeQuick, func(n *net) { n.do(n.m.Rekey(n.now, 1)) }, func(n *net) bool { return len(n.ups(1)) == 2 }},
		{"phase 1", exchangeMain, func(n *net) {
			n.m.sa.renewAt = n.now
			n.do(n.m.Tick(n.now))
		}, func(n *net) bool { return n.peer.Established() == 2 }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			n := newNet(t, fast(t, false), peerConfig())
			n.mustUp(want(t))
			silent := n.now.Add(10 * time.Second)
			n.out = func(d ike.Datagram) []ike.Datagram {
				if !n.now.Before(silent) || d.Data[18] != tt.exchange {
					return []ike.Datagram{d}
				}
				n.flying = append(n.flying, flight{n.now, false, refusal(d, notifyNoProposal)})
				return nil
			}
			tt.begin(n)
			if !n.run(5*time.Minute, func() bool { return tt.done(n) }) {
				t.Errorf("it is not renewed: %v, reason %v", n.ended(), n.m.Reason(1))
			}
		})
	}
}

// TestOpenLate asks for a child when the time of the IKE security association is nearly
// over, and it had no child that it would have been renewed for: it is renewed now.
func TestOpenLate(t *testing.T) {
	t.Parallel()
	n := newNet(t, fast(t, false), peerConfig())
	n.mustUp(want(t))
	n.do(n.m.Drop(n.now, 1))
	n.run(ikeLifetime*time.Second*9/10, nil)
	n.open(2, want(t))
	n.waitUp(2, 1)
	n.run(10*time.Hour, nil)
	if n.ended() != nil {
		t.Errorf("got %v, want that it goes on", n.ended())
	}
	n.check(2)
}

// TestLostBeforeProbe loses message 1 until the peer, which speaks both versions, has
// answered the probe for the other one: the next message 1 comes within the second in which
// a good answer is waited for.
func TestLostBeforeProbe(t *testing.T) {
	t.Parallel()
	n := newNet(t, fast(t, false), peerConfig())
	probed := false
	n.out = func(d ike.Datagram) []ike.Datagram {
		switch {
		case d.Data[17] == ike.Version2:
			probed = true
			h := ike.Header{Version: ike.Version2, Exchange: exchangeSAInit, Flags: flagResponseV2}
			copy(h.Initiator[:], d.Data)
			n.flying = append(n.flying, flight{n.now.Add(travel), false, ike.Datagram{Port: d.Port, Data: appendClear(h, ike.Payload{Type: 41, Body: make([]byte, 4)})}})
			return nil
		case !probed:
			return nil
		}
		return []ike.Datagram{d}
	}
	n.mustUp(want(t))
}

// TestSecretsOfPeersQuickMode drops a child while the peer renews it: the keys that were
// made for it are cleared.
func TestSecretsOfPeersQuickMode(t *testing.T) {
	t.Parallel()
	n := newNet(t, fast(t, false), peerConfig())
	n.mustUp(want(t))
	n.do(n.m.Receive(n.now, n.peer.Rekey(n.peer.Children()[0])))
	if len(n.m.theirs) != 1 || n.m.theirs[0].made == nil {
		t.Fatal("the peer's quick mode is not open")
	}
	up := n.m.theirs[0].made.up
	n.do(n.m.Drop(n.now, 1))
	for _, k := range []ike.Secret{up.In.Key, up.Out.Key} {
		if !bytes.Equal(k.Bytes(), make([]byte, len(k.Bytes()))) {
			t.Error("a key is left")
		}
	}
}

// TestRekeyByPeerWithVolume has the peer renew with a lifetime in kilobytes beside that in
// seconds, as Windows does.
func TestRekeyByPeerWithVolume(t *testing.T) {
	t.Parallel()
	cfg := peerConfig()
	cfg.Change = func(step iketest.Step, list []ike.Payload) []ike.Payload {
		if step != iketest.Rekey1 {
			return list
		}
		offers, err := parseSA(list[0].Body)
		if err != nil {
			t.Fatal(err)
		}
		a := &offers[0].transforms[0].attributes
		*a = append(*a, attribute{attrESPLifeType, 2}, attribute{attrESPLifetime, 100_000})
		list[0].Body = appendSA(nil, offers[0])
		return list
	}
	n := newNet(t, fast(t, false), cfg)
	n.mustUp(want(t))
	n.fromPeer(n.peer.Rekey(n.peer.Children()[0]))
	n.run(time.Second, nil)
	if len(n.ups(1)) != 2 {
		t.Errorf("got %d associations, want 2; the peer was told %d", len(n.ups(1)), n.peer.Notified())
	}
}
