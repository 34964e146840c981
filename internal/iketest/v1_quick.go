package iketest

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"slices"

	"github.com/go-iscsi/discovery/internal/ike"
)

// A v1QuickState is a Quick Mode that is not done.
type v1QuickState struct {
	id     uint32
	ours   bool // the peer began it
	iv     []byte
	ni, nr []byte
	child  Child
	offer  v1Transform
	pair   *ike.KeyPair
	ids    [2][]byte
	done   bool
	answer ike.Datagram // message 2
}

// quick takes a message of a Quick Mode.
func (v *V1) quick(sa *v1SAState, h ike.Header, d ike.Datagram) bool {
	if d.Port != ike.NATTPort {
		v.fault("a message of quick mode went to port 500")
	}
	q := sa.quicks[h.MessageID]
	if q != nil && q.ours {
		return v.rekeySecond(sa, q, h, d.Data)
	}
	if q != nil {
		return v.quickThird(sa, q, h, d.Data)
	}
	if sa.ids[h.MessageID] || h.MessageID == 0 {
		v.fault("a message ID was used again")
	}
	list, chain, next, rest, ok := v1Open(sa, h, d.Data, sa.phase2IV(h.MessageID))
	if !ok {
		v.fault("message 1 of quick mode cannot be decrypted")
		return false
	}
	v.checkPadding(sa, rest)
	id := binary.BigEndian.AppendUint32(nil, h.MessageID)
	if !hashed(sa, list, chain, id) {
		v.fault("HASH(1) of quick mode is wrong")
		return false
	}
	sa.ids[h.MessageID] = true
	q = &v1QuickState{id: h.MessageID, iv: next}
	return v.quickFirst(sa, q, list)
}

// hashed reports whether the hash that a message begins with is right. before is what it
// has before the payloads.
func hashed(sa *v1SAState, list []ike.Payload, chain []byte, before ...[]byte) bool {
	if list[0].Type != V1Hash {
		return false
	}
	before = append(before, chain[4+len(list[0].Body):])
	return bytes.Equal(list[0].Body, sa.suite.PRF.PRF(sa.keys.a, before...))
}

// quickFirst takes message 1, and answers it.
func (v *V1) quickFirst(sa *v1SAState, q *v1QuickState, list []ike.Payload) bool {
	ids, ke := payloads(list, V1ID), payload(list, V1KE)
	q.ni = bytes.Clone(payload(list, V1Nonce))
	o, ok := readV1SA(payload(list, V1SA))
	if !ok || o.protocol != 3 || len(o.spi) != 4 || len(ids) != 2 || len(q.ni) < 8 {
		v.fault("message 1 of quick mode is malformed")
		return false
	}
	if level := v1Level(ids); level < v.cfg.Widest {
		v.refuse(sa, 18, o.spi)
		return true
	}
	for _, t := range o.transforms {
		suite, mode := v1ESP(t)
		if v.cfg.Mode != 0 && mode != v.cfg.Mode {
			v.refuse(sa, 18, o.spi)
			return true
		}
		if suite.Encryption == 0 || (len(v.cfg.ESP) > 0 && !slices.Contains(v.cfg.ESP, suite)) {
			continue
		}
		if (suite.Group != 0) != (ke != nil) {
			v.fault("a group without a key exchange, or the other way round")
			return false
		}
		q.child = Child{Tunnel: mode == 3, Suite: suite, Initiator: selector(ids[0]), Portal: selector(ids[1])}
		q.child.Out.SPI = binary.BigEndian.Uint32(o.spi)
		v.checkNATOA(list, q.child.Tunnel)
		return v.quickAnswer(sa, q, t, ke, ids)
	}
	v.refuse(sa, 14, o.spi)
	return true
}

// v1Level returns how wide selectors are: 0 both ports, 1 the portal's, 2 neither.
func v1Level(ids [][]byte) int {
	switch {
	case selector(ids[1]).Port() == 0:
		return 2
	case selector(ids[0]).Port() == 0:
		return 1
	}
	return 0
}

func selector(b []byte) netip.AddrPort {
	addr, _ := netip.AddrFromSlice(b[4:])
	return netip.AddrPortFrom(addr, binary.BigEndian.Uint16(b[2:]))
}

// v1ESP returns what a transform of Quick Mode stands for.
func v1ESP(t v1Transform) (s ike.ESPSuite, mode uint64) {
	s.Encryption = map[uint8]ike.Encryption{3: ike.TripleDES, 12: ike.AESCBC, 20: ike.AESGCM16}[t.id]
	s.Integrity = ike.Integrity(map[uint64]ike.Hash{2: ike.SHA1, 5: ike.SHA256, 6: ike.SHA384, 7: ike.SHA512}[t.values[5]])
	s.Bits, s.Group = int(t.values[6]), ike.Group(t.values[3])
	return s, t.values[4]
}

// quickAnswer makes message 2.
func (v *V1) quickAnswer(sa *v1SAState, q *v1QuickState, t v1Transform, ke []byte, ids [][]byte) bool {
	q.nr = v.random(32)
	spi := append([]byte{0xc0}, v.random(3)...)
	q.child.In.SPI = binary.BigEndian.Uint32(spi)
	if v.cfg.Lifetime != 0 {
		t.attributes = append(bytes.Clone(t.attributes[:len(t.attributes)-4]), v1Attribute(2, v.cfg.Lifetime)...)
	}
	list := []ike.Payload{{Type: V1SA, Body: v1SA(3, spi, t)}, {Type: V1Nonce, Body: q.nr}}
	var shared []byte
	if ke != nil {
		pair, err := ike.NewKeyPair(q.child.Suite.Group, v.cfg.Random)
		if err != nil {
			return false
		}
		s, err := pair.Shared(ke)
		if err != nil {
			v.fault(err.Error())
			return false
		}
		shared = s.Bytes()
		list = append(list, ike.Payload{Type: V1KE, Body: pair.Public})
	}
	list = v.change(Quick2, append(list, ike.Payload{Type: V1ID, Body: ids[0]}, ike.Payload{Type: V1ID, Body: ids[1]}))
	q.key(sa, shared)
	id := binary.BigEndian.AppendUint32(nil, q.id)
	hash := sa.suite.PRF.PRF(sa.keys.a, id, q.ni, ike.AppendPayloads(nil, list...))
	var data []byte
	data, q.iv = v1Seal(sa, v1Quick, q.id, q.iv, append([]ike.Payload{{Type: V1Hash, Body: hash}}, list...))
	sa.quicks[q.id], q.answer = q, ike.Datagram{Port: sa.port, Data: data}
	v.send(sa, Quick2, data)
	return true
}

// key derives the keys of both directions.
func (q *v1QuickState) key(sa *v1SAState, shared []byte) {
	n := q.child.Suite.KeyLen()
	for _, a := range []*ike.Association{&q.child.In, &q.child.Out} {
		a.Key = sa.keys.material(shared, binary.BigEndian.AppendUint32(nil, a.SPI), q.ni, q.nr, n)
	}
}

// quickThird takes message 3, after which the associations of ESP are up.
func (v *V1) quickThird(sa *v1SAState, q *v1QuickState, h ike.Header, data []byte) bool {
	if q.done {
		v.fault("there is something after message 3 of quick mode")
		return false
	}
	list, _, _, rest, ok := v1Open(sa, h, data, q.iv)
	id := binary.BigEndian.AppendUint32(nil, q.id)
	if !ok || !bytes.Equal(payload(list, V1Hash), sa.suite.PRF.PRF(sa.keys.a, []byte{0}, id, q.ni, q.nr)) {
		v.fault("HASH(3) of quick mode is wrong")
		return false
	}
	v.checkPadding(sa, rest)
	q.done = true
	v.add(sa, q.child)
	return true
}
