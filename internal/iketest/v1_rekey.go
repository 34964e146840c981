package iketest

import (
	"bytes"
	"encoding/binary"

	"github.com/go-iscsi/discovery/internal/ike"
)

// Rekey returns message 1 of a Quick Mode of the peer's, which renews a child.
func (v *V1) Rekey(c Child) ike.Datagram {
	sa := v.sas[len(v.sas)-1]
	id := append([]byte{0x40}, v.random(3)...)
	q := &v1QuickState{id: binary.BigEndian.Uint32(id), ours: true, ni: v.random(32), child: Child{Tunnel: c.Tunnel, Suite: c.Suite, Initiator: c.Initiator, Portal: c.Portal}}
	q.offer = espTransform(c)
	spi := append([]byte{0xc1}, v.random(3)...)
	q.child.In.SPI = binary.BigEndian.Uint32(spi)
	list := []ike.Payload{{Type: V1SA, Body: v1SA(3, spi, q.offer)}, {Type: V1Nonce, Body: q.ni}}
	if g := c.Suite.Group; g != 0 {
		q.pair, _ = ike.NewKeyPair(g, v.cfg.Random)
		list = append(list, ike.Payload{Type: V1KE, Body: q.pair.Public})
	}
	q.ids = [2][]byte{withPort(c.Portal.Addr().AsSlice(), c.Portal.Port()), withPort(c.Initiator.Addr().AsSlice(), c.Initiator.Port())}
	if c.Portal.Port() != 0 {
		q.ids[1][1] = 6
	}
	list = v.change(Rekey1, append(list, ike.Payload{Type: V1ID, Body: q.ids[0]}, ike.Payload{Type: V1ID, Body: q.ids[1]}))
	hash := sa.suite.PRF.PRF(sa.keys.a, id, ike.AppendPayloads(nil, list...))
	var data []byte
	data, q.iv = v1Seal(sa, v1Quick, q.id, sa.phase2IV(q.id), append([]ike.Payload{{Type: V1Hash, Body: hash}}, list...))
	sa.quicks[q.id], sa.ids[q.id] = q, true
	return ike.Datagram{Port: sa.port, Data: data}
}

func withPort(addr []byte, port uint16) []byte {
	b := address(addr)
	if port != 0 {
		b[1] = 6
	}
	binary.BigEndian.PutUint16(b[2:], port)
	return b
}

// espTransform returns a transform for what a child has.
func espTransform(c Child) v1Transform {
	t := v1Transform{number: 7, id: map[ike.Encryption]uint8{ike.TripleDES: 3, ike.AESCBC: 12, ike.AESGCM16: 20}[c.Suite.Encryption]}
	mode := uint16(4)
	if c.Tunnel {
		mode = 3
	}
	t.attributes = append(v1Attribute(1, 1), 0, 2, 0, 4, 0, 0, 0x0e, 0x10) // 3600 s, as a long one
	t.attributes = append(t.attributes, v1Attribute(4, mode)...)
	if c.Suite.Bits != 0 {
		t.attributes = append(t.attributes, v1Attribute(6, uint16(c.Suite.Bits))...)
	}
	if c.Suite.Integrity != 0 {
		n := map[ike.Hash]uint16{ike.SHA1: 2, ike.SHA256: 5, ike.SHA384: 6, ike.SHA512: 7}[c.Suite.Integrity.Hash()]
		t.attributes = append(t.attributes, v1Attribute(5, n)...)
	}
	if c.Suite.Group != 0 {
		t.attributes = append(t.attributes, v1Attribute(3, uint16(c.Suite.Group))...)
	}
	return t
}

// rekeySecond takes message 2 of a Quick Mode of the peer's, and sends message 3.
func (v *V1) rekeySecond(sa *v1SAState, q *v1QuickState, h ike.Header, data []byte) bool {
	if q.done {
		return false
	}
	list, chain, next, rest, ok := v1Open(sa, h, data, q.iv)
	id := binary.BigEndian.AppendUint32(nil, q.id)
	if !ok || !hashed(sa, list, chain, id, q.ni) {
		v.fault("HASH(2) of quick mode is wrong")
		return false
	}
	v.checkPadding(sa, rest)
	o, ok := readV1SA(payload(list, V1SA))
	if !ok || len(o.transforms) != 1 || len(o.spi) != 4 || o.transforms[0].number != q.offer.number {
		v.fault("message 2 of quick mode is malformed")
		return false
	}
	got, mode := v1ESP(o.transforms[0])
	if got != q.child.Suite || (mode == 3) != q.child.Tunnel {
		v.fault("message 2 of quick mode has other algorithms, or another mode")
	}
	if ids := payloads(list, V1ID); len(ids) != 2 || !bytes.Equal(ids[0], q.ids[0]) || !bytes.Equal(ids[1], q.ids[1]) {
		v.fault("message 2 of quick mode has other selectors")
	}
	q.child.Out.SPI, q.nr = binary.BigEndian.Uint32(o.spi), bytes.Clone(payload(list, V1Nonce))
	var shared []byte
	if q.pair != nil {
		s, err := q.pair.Shared(payload(list, V1KE))
		if err != nil {
			v.fault(err.Error())
			return false
		}
		shared = s.Bytes()
	}
	q.key(sa, shared)
	q.done = true
	v.add(sa, q.child)
	third, _ := v1Seal(sa, v1Quick, q.id, next, v.change(Rekey3, []ike.Payload{{Type: V1Hash, Body: sa.suite.PRF.PRF(sa.keys.a, []byte{0}, id, q.ni, q.nr)}}))
	v.send(sa, Rekey3, third)
	return true
}
