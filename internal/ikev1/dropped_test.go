package ikev1

import (
	"bytes"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/internal/ike"
	"github.com/go-iscsi/discovery/internal/iketest"
)

// TestDropped holds back each answer of the peer, and has what is not one come in its
// place: that is dropped, and is not taken for a reason to end.
func TestDropped(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		make func(good, before, ours []byte) []byte
	}{
		{"the answer before", func(_, before, _ []byte) []byte { return before }},
		{"our own message", func(_, _, ours []byte) []byte { return ours }},
		{"another cookie of ours", func(good, _, _ []byte) []byte { good[3] ^= 1; return good }},
		{"another exchange", func(good, _, _ []byte) []byte { good[18] = 6; return good }},
		{"another message ID", func(good, _, _ []byte) []byte { good[23] ^= 1; return good }},
		{"another version", func(good, _, _ []byte) []byte { good[17] = 0x11; return good }},
		{"another length", func(good, _, _ []byte) []byte { good[27]++; return good }},
		{"longer", func(good, _, _ []byte) []byte { return append(good, 0) }},
		{"encrypted or not", func(good, _, _ []byte) []byte { good[19] ^= flagEncrypted; return good }},
		{"an empty Informational", func(good, _, _ []byte) []byte {
			good[18], good[16], good[19] = exchangeInformational, 0, 0
			return good
		}},
		{"a keepalive", func(_, _, _ []byte) []byte { return []byte{0xff} }},
		{"another cookie of the peer", func(good, before, _ []byte) []byte {
			if before == nil {
				return nil // any is good
			}
			good[9] ^= 1
			return good
		}},
	}
	for _, ex := range exchanges {
		for step := range ex.ofThePeers {
			for _, tt := range tests {
				n := newNet(t, fast(t, ex.aggressive), peerConfig())
				var good, before ike.Datagram
				left := step
				n.in = func(d ike.Datagram) []ike.Datagram {
					if left == 0 {
						good, n.in = d, lost
						return nil
					}
					left--
					before = d
					return []ike.Datagram{d}
				}
				n.open(1, want(t))
				n.run(200*time.Millisecond, func() bool { return good.Data != nil })
				ours := n.sent[len(n.sent)-1]
				n.do(n.m.Receive(n.now, ike.Datagram{Port: good.Port, Data: tt.make(bytes.Clone(good.Data), before.Data, ours.Data)}))
				n.run(3*time.Second, nil)
				if f := n.m.Reason(1); n.ended() != nil || len(n.ups(1)) > 0 || f.Cause != ike.Stopped && f.Cause != ike.Silent {
					t.Errorf("%s, step %d, %s: got end %v, reason %v, want that it is dropped", ex.name, step, tt.name, n.ended(), f)
				}
				n.in = nil
				n.fromPeer(good)
				n.waitUp(1, 1)
			}
		}
	}
}

// TestThirdAgain has the peer repeat message 2 of aggressive mode, since message 3 did not
// come: it comes again at once.
func TestThirdAgain(t *testing.T) {
	t.Parallel()
	n := newNet(t, fast(t, true), peerConfig())
	n.out = nth(1, lost)
	n.open(1, want(t))
	n.run(12*time.Millisecond, nil)
	n.out = nil
	sent := len(n.sent)
	n.fromPeer(n.peer.Repeat()...)
	n.run(6*time.Millisecond, nil)
	if len(n.sent) != sent+1 || !bytes.Equal(n.sent[sent].Data, n.sent[sent-1].Data) {
		t.Errorf("got %d messages more, want message 3 again", len(n.sent)-sent)
	}
	n.waitUp(1, 1)
}

// TestRekeyWithKeyExchange has the peer renew with perfect forward secrecy where the plan
// has none, and without the key exchange that its offer takes.
func TestRekeyWithKeyExchange(t *testing.T) {
	t.Parallel()
	for _, esp := range []string{"aes256gcm16", "aes256gcm16-ecp256"} {
		cfg := peerConfig()
		cfg.Change = func(step iketest.Step, list []ike.Payload) []ike.Payload {
			if step != iketest.Rekey1 {
				return list
			}
			if esp == "aes256gcm16" {
				return append(list, ike.Payload{Type: iketest.V1KE, Body: make([]byte, 64)})
			}
			return without(iketest.Rekey1, iketest.V1KE)(step, list)
		}
		n := newNet(t, fast(t, false), cfg)
		n.mustUp(want(t, esp))
		n.fromPeer(n.peer.Rekey(n.peer.Children()[0]))
		n.run(time.Second, nil)
		if got := n.peer.Notified(); len(got) != 1 || got[0] != notifyNoProposal || len(n.ups(1)) != 1 {
			t.Errorf("%s: got notifies %d and %d associations, want NO-PROPOSAL-CHOSEN and 1", esp, got, len(n.ups(1)))
		}
	}
}
