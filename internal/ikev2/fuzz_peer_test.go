package ikev2

import (
	"bytes"
	"encoding/binary"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/internal/ike"
	"github.com/go-iscsi/discovery/internal/iketest"
)

// FuzzPeer gives a machine payloads of a peer that has the key: in a request of its own, or
// in its answer to IKE_AUTH or to a rekey of ours. SPIs of zeros in a Delete and in
// REKEY_SA become those of the child.
func FuzzPeer(f *testing.F) {
	local, portal := selectors(childOf(f, false), levelExact)
	traffic := []ike.Payload{{Type: payloadTSi, Body: appendSelectors(nil, portal)}, {Type: payloadTSr, Body: appendSelectors(nil, local)}, notify{kind: notifyUseTransportMode}.payload()}
	nonce := ike.Payload{Type: payloadNonce, Body: make([]byte, 32)}
	key, err := ike.NewKeyPair(ike.ECP256, &zeros{})
	if err != nil {
		f.Fatal(err)
	}
	esp := saPayload(offerESP([]ike.ESPSuite{espSuite(f, "aes256gcm16")}, []byte{1, 2, 3, 4}, true)...)
	add := func(exchange uint8, answer bool, list ...ike.Payload) {
		f.Add(exchange, answer, list[0].Type, ike.AppendPayloads(nil, list...))
	}
	add(exchangeCreateChild, false, append([]ike.Payload{notify{protocol: protocolESP, kind: notifyRekeySA, spi: make([]byte, 4)}.payload(), esp, nonce}, traffic...)...)
	add(exchangeCreateChild, false, saPayload(offerIKE([]ike.Suite{ikeSuite(f, "aes256gcm16-prfsha256-ecp256")}, make([]byte, 8))...), nonce, kePayload(key))
	add(exchangeInformational, false, deletion{protocol: protocolESP, spis: []uint32{0}}.payload())
	add(exchangeCreateChild, true, append([]ike.Payload{esp, nonce}, traffic...)...)
	add(exchangeCreateChild, true, forgedNotify(notifyInvalidKE, 0, 14))
	add(exchangeAuth, true, append([]ike.Payload{idPayload(payloadIDr, ike.AddrIdentity(portalAddr)), esp}, traffic...)...)
	f.Fuzz(func(t *testing.T, exchange uint8, answer bool, first byte, b []byte) {
		list, _, err := ike.ParsePayloads(first, b)
		if err != nil {
			return
		}
		w := newWire(t, func(_ *ike.Config, v *iketest.V2Config) {
			if answer {
				v.Answer = func(e uint8, good []ike.Payload) []ike.Payload {
					if e != exchange || e == exchangeInit {
						return good
					}
					if e == exchangeAuth { // the peer goes on to prove its key
						return append(without(without(good, payloadSA, 0), payloadTSi, 0), list...)
					}
					return list
				}
			}
		})
		w.open(1, childOf(t, false, "aes256gcm16"))
		for _, up := range w.ups(1) {
			for _, p := range list {
				if n := len(p.Body); n >= 8 && (p.Type == payloadDelete || p.Type == payloadNotify) && binary.BigEndian.Uint32(p.Body[n-4:]) == 0 {
					copy(p.Body[n-4:], spiBytes(up.Out.SPI))
				}
			}
		}
		if w.peer.Alive() > 0 && !answer {
			w.fromPeer(w.peer.Ask(exchange, nil, list...))
			w.run(time.Second)
		}
		w.do(w.machine.Rekey(w.now, 1))
		w.run(10 * time.Second)
		for _, up := range w.ups(1) {
			if up.Tunnel || up.Suite.Encryption != ike.AESGCM16 || len(up.In.Key.Bytes()) != up.Suite.KeyLen() || bytes.Equal(up.In.Key.Bytes(), up.Out.Key.Bytes()) {
				t.Errorf("got %+v", up)
			}
		}
		w.do(w.machine.Close(w.now))
	})
}
