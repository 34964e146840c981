package ikev2

import (
	"testing"
	"time"

	"github.com/go-iscsi/discovery/internal/ike"
	"github.com/go-iscsi/discovery/internal/iketest"
)

// TestSameNumber has a peer that renews with two proposals of one number, the first of
// which has an SPI of another length: the SPI that is taken is that of the proposal that
// is picked.
func TestSameNumber(t *testing.T) {
	t.Parallel()
	nonce := ike.Payload{Type: payloadNonce, Body: make([]byte, 32)}
	for _, tt := range []struct {
		name string
		list func(t *testing.T, w *wire) []ike.Payload
	}{
		{"IKE", func(t *testing.T, _ *wire) []ike.Payload {
			good := offerIKE([]ike.Suite{ikeSuite(t, "aes256gcm16-prfsha256-ecp256")}, []byte{1, 2, 3, 4, 5, 6, 7, 8})[0]
			bad := good
			bad.spi = nil
			key, err := ike.NewKeyPair(ike.ECP256, nil)
			if err != nil {
				t.Fatal(err)
			}
			return []ike.Payload{saPayload(bad, good), nonce, kePayload(key)}
		}},
		{"ESP", func(t *testing.T, w *wire) []ike.Payload {
			good := offerESP([]ike.ESPSuite{espSuite(t, "aes256gcm16")}, []byte{1, 2, 3, 4}, true)[0]
			bad := good
			bad.spi = []byte{1, 2}
			local, portal := selectors(childOf(t, false, "aes256gcm16"), levelExact)
			return []ike.Payload{notify{protocol: protocolESP, kind: notifyRekeySA, spi: spiBytes(w.ups(1)[0].Out.SPI)}.payload(),
				saPayload(bad, good), nonce, notify{kind: notifyUseTransportMode}.payload(),
				{Type: payloadTSi, Body: appendSelectors(nil, portal)}, {Type: payloadTSr, Body: appendSelectors(nil, local)}}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := up(t, "aes256gcm16", nil)
			var got []ike.Payload
			w.fromPeer(w.peer.Ask(exchangeCreateChild, func(_ time.Time, list []ike.Payload) { got = list }, tt.list(t, w)...))
			w.run(time.Second)
			if len(got) == 0 || got[0].Type != payloadSA {
				t.Errorf("got the answer %+v, want a choice", got)
			}
		})
	}
}

// TestDeleteCrossesRekey has the peer delete a child while our rekey of it is on its way:
// the peer then does not know the child of the rekey. One new child is asked for, and the
// connection goes on.
func TestDeleteCrossesRekey(t *testing.T) {
	t.Parallel()
	for _, esp := range []string{"aes256gcm16", "aes256gcm16-ecp256"} {
		t.Run(esp, func(t *testing.T) {
			t.Parallel()
			w := up(t, esp, nil)
			w.fromPeer(w.peer.DeleteChild(0))
			w.do(w.machine.Rekey(w.now, 1))
			w.run(time.Second)
			if err := w.down(1); err != nil {
				t.Fatalf("got %v, want it to go on", err)
			}
			w.wantUp(1, 2)
			w.run(time.Minute)
			if got := w.expired(1); len(got) != 1 {
				t.Errorf("expired %x, want one", got)
			}
			w.close()
		})
	}
}

// TestTranslated has a peer that knows us by another address, as one behind an address
// translation does in transport mode (RFC 7296, section 2.23.1).
func TestTranslated(t *testing.T) {
	t.Parallel()
	for _, esp := range []string{"aes256gcm16", "aes256gcm16-ecp256"} {
		t.Run(esp, func(t *testing.T) {
			t.Parallel()
			translate := func(b []byte) []byte {
				copy(b[12:16], []byte{203, 0, 113, 7})
				copy(b[16:20], []byte{203, 0, 113, 7})
				return b
			}
			w := newWire(t, func(_ *ike.Config, v *iketest.V2Config) {
				v.ESP = []ike.ESPSuite{espSuite(t, esp)}
				v.Answer = func(_ uint8, list []ike.Payload) []ike.Payload { return body(payloadTSi, translate)(list) }
			})
			w.open(1, childOf(t, false, esp))
			w.wantUp(1, 1)
			w.do(w.machine.Rekey(w.now, 1))
			w.run(time.Second)
			w.wantUp(1, 2)
			w.fromPeer(w.peer.RekeyChild(len(w.peer.Children()) - 1))
			w.run(time.Second)
			w.wantUp(1, 3)
			w.close()
		})
	}
}
