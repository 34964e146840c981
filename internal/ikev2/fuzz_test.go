package ikev2

import (
	"bytes"
	"encoding/binary"
	"io"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/internal/ike"
)

// zeros is a source of the same bytes, so that a run of a fuzz target can be repeated.
type zeros struct{ n byte }

func (z *zeros) Read(b []byte) (int, error) {
	for i := range b {
		z.n = z.n*31 + 7
		b[i] = z.n
	}
	return len(b), nil
}

// seedMessages returns the datagrams of a negotiation, in both directions.
func seedMessages(f testing.TB) (toPeer, toUs [][]byte) {
	w := newWire(f, nil)
	w.open(1, childOf(f, false, "aes256gcm16"))
	for _, d := range w.sent {
		toPeer = append(toPeer, d.Data)
	}
	for _, d := range w.toUs {
		toUs = append(toUs, d.Data)
	}
	return toPeer, toUs
}

// FuzzMessage reads a message in clear text.
func FuzzMessage(f *testing.F) {
	toPeer, toUs := seedMessages(f)
	for _, m := range append(toPeer, toUs...) {
		f.Add(m)
	}
	f.Fuzz(func(t *testing.T, m []byte) {
		h, err := ike.ParseHeader(m)
		if err != nil {
			return
		}
		list, _, err := ike.ParsePayloads(h.Next, m[ike.HeaderLen:])
		if err == nil {
			checkContents(t, list)
		}
	})
}

// FuzzDecrypted reads payloads that were decrypted. The first byte is the type of the
// first payload.
func FuzzDecrypted(f *testing.F) {
	local, portal := selectors(childOf(f, false), levelExact)
	f.Add(byte(payloadIDr), ike.AppendPayloads(nil, idPayload(payloadIDr, ike.ParseIdentity("a.example")), ike.Payload{Type: payloadAuth, Body: []byte{2, 0, 0, 0, 1, 2, 3}},
		saPayload(offerESP(childOf(f, false, "aes256-sha256").Suites, []byte{1, 2, 3, 4}, false)...),
		ike.Payload{Type: payloadTSi, Body: appendSelectors(nil, local)}, ike.Payload{Type: payloadTSr, Body: appendSelectors(nil, portal)}))
	f.Add(byte(payloadDelete), ike.AppendPayloads(nil, deletion{protocol: protocolESP, spis: []uint32{1}}.payload(), notify{kind: 14}.payload()))
	f.Fuzz(func(t *testing.T, first byte, b []byte) {
		list, _, err := ike.ParsePayloads(first, b)
		if err == nil {
			checkContents(t, list)
		}
	})
}

// checkContents reads payloads, and checks the bounds of what they have.
func checkContents(t *testing.T, list []ike.Payload) {
	for _, limit := range []int{1, maxProposals} {
		c, err := readContents(list, limit)
		if err != nil {
			continue
		}
		if len(c.offers) > limit || len(c.tsi) > maxSelectors || len(c.tsr) > maxSelectors || c.nonce != nil && (len(c.nonce) < minNonceLen || len(c.nonce) > maxNonceLen) {
			t.Errorf("the contents are over their bounds: %+v", c)
		}
		for _, d := range c.deletions {
			if len(d.spis) > maxSPIs {
				t.Errorf("%d SPIs", len(d.spis))
			}
		}
		c.failure()
		for _, s := range c.tsi {
			if back, err := parseSelectors(appendSelectors(nil, s)); err != nil || back[0] != s {
				t.Errorf("got %+v, %v, want %+v", back, err, s)
			}
		}
	}
}

// FuzzSA reads an SA payload, and writes what it has.
func FuzzSA(f *testing.F) {
	f.Add(appendProposals(nil, offerIKE([]ike.Suite{ikeSuite(f, "aes256-sha256-modp2048"), ikeSuite(f, "3des-sha1-modp1024")}, make([]byte, 8))...))
	f.Add(appendProposals(nil, offerESP([]ike.ESPSuite{espSuite(f, "aes256gcm16-ecp256")}, []byte{1, 2, 3, 4}, true)...))
	suites := []ike.Suite{ikeSuite(f, "aes256-sha256-modp2048"), ikeSuite(f, "3des-sha1-modp1024")}
	esp := []ike.ESPSuite{espSuite(f, "aes256gcm16-ecp256")}
	f.Fuzz(func(t *testing.T, b []byte) {
		list, err := parseProposals(b, maxProposals)
		if err != nil {
			return
		}
		for _, p := range list {
			if s, ok := pickedESP(p, esp, true); ok && (s.Encryption != ike.AESGCM16 || s.Group != ike.ECP256) {
				t.Errorf("picked %+v", s)
			}
			pickedIKE(p, suites, 0)
		}
		if _, p, ok := chooseIKE(list, suites); ok && (len(p.spi) != 8 || !distinct(p.transforms)) {
			t.Errorf("chose %+v of %+v", p, list)
		}
		if _, p, ok := chooseESP(list, esp); ok && (len(p.spi) != 4 || !distinct(p.transforms)) {
			t.Errorf("chose %+v of %+v", p, list)
		}
		for _, p := range list {
			if len(p.transforms) == 0 {
				return
			}
		}
		again, err := parseProposals(appendProposals(nil, list...), maxProposals)
		if err != nil || len(again) != len(list) {
			t.Errorf("got %+v, %v, want %+v", again, err, list)
		}
	})
}

// FuzzMachine gives a machine a list of datagrams, each with its length before it. Where a
// datagram is long enough it gets the SPIs that belong there. A machine whose peer has not
// the key must never be established.
func FuzzMachine(f *testing.F) {
	_, toUs := seedMessages(f)
	var all []byte
	for _, m := range toUs {
		all = append(binary.BigEndian.AppendUint16(all, uint16(len(m))), m...)
	}
	f.Add(uint8(0), all)
	f.Add(uint8(1), all)
	for kind := range []uint16{5, 14, 17, 24, 38} {
		m := forged(make([]byte, ike.HeaderLen), 0x20, forgedNotify(uint16(kind))).Data
		f.Add(uint8(0), append(binary.BigEndian.AppendUint16(nil, uint16(len(m))), m...))
	}
	f.Fuzz(func(t *testing.T, step uint8, list []byte) {
		w := newWire(t, nil)
		w.machine.cfg.Random = &zeros{}
		w.carry = func(int, flight) []flight { return nil }
		w.do(w.machine.Open(w.now, 1, childOf(t, false, "aes256gcm16")))
		if step%2 == 1 { // IKE_AUTH waits for its answer
			w.do(w.machine.Receive(w.now, w.peer.Receive(w.now, w.sent[0])[0]))
			if w.machine.security == nil {
				t.Fatal("IKE_SA_INIT failed")
			}
		}
		for i := 0; len(list) >= 2 && i < 64; i++ {
			n := min(int(binary.BigEndian.Uint16(list)), len(list)-2)
			m := bytes.Clone(list[2 : 2+n])
			list = list[2+n:]
			if n >= ike.HeaderLen {
				copy(m, w.sent[len(w.sent)-1].Data[:8])
				if a := w.machine.security; a != nil {
					copy(m[8:], a.peers[:])
				}
				binary.BigEndian.PutUint32(m[24:], uint32(n))
			}
			w.now = w.now.Add(time.Duration(i) * 20 * time.Millisecond)
			w.do(w.machine.Receive(w.now, ike.Datagram{Port: ike.NATTPort, Data: m}))
		}
		for _, e := range w.events {
			switch e.(type) {
			case ike.Established, ike.ChildUp:
				t.Fatalf("without the key: %+v", e)
			}
		}
		if w.machine.Reason(1) == nil {
			t.Error("no reason")
		}
		w.do(w.machine.Close(w.now))
	})
}

var _ io.Reader = (*zeros)(nil)
