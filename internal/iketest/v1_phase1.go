package iketest

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"slices"

	"github.com/go-iscsi/discovery/internal/ike"
)

// phase1 takes a message of main or aggressive mode.
func (v *V1) phase1(sa *v1SAState, h ike.Header, d ike.Datagram) bool {
	if h.Exchange != sa.exchange || h.MessageID != 0 || sa.up {
		return false
	}
	if h.Flags&1 == 0 {
		list, rest, err := ike.ParsePayloads(h.Next, d.Data[ike.HeaderLen:])
		switch {
		case err != nil || len(rest) != 0:
			v.fault("a message in clear text is malformed")
			return false
		case sa.next == 1 && sa.exchange == v1Main:
			return v.main1(sa, list)
		case sa.next == 1:
			return v.aggressive1(sa, list)
		case sa.next == 3 && sa.exchange == v1Main:
			return v.main3(sa, list, d.Port)
		}
		return false
	}
	if sa.keys.block == nil {
		return false
	}
	list, _, next, rest, ok := v1Open(sa, h, d.Data, sa.iv)
	if !ok {
		v.undecrypted(sa)
		return false
	}
	v.checkPadding(sa, rest)
	if d.Port != ike.NATTPort {
		v.fault("an encrypted message of phase 1 went to port 500")
	}
	if sa.exchange == v1Aggressive {
		return v.aggressive3(sa, list, next, d.Port)
	}
	return v.main5(sa, list, next)
}

// undecrypted answers a message that cannot be read as charon does: by an Informational
// that the other end cannot read.
func (v *V1) undecrypted(sa *v1SAState) {
	data, _ := v1Seal(sa, v1Informational, binary.BigEndian.Uint32(v.random(4)), v.random(sa.keys.block.BlockSize()), []ike.Payload{{Type: V1Hash, Body: v.random(20)}})
	v.send(sa, Inform, data)
}

// choose takes the first offered transform that the peer takes.
func (v *V1) choose(sa *v1SAState, body []byte) (t v1Transform, ok bool) {
	o, ok := readV1SA(body)
	if !ok || o.protocol != 1 || len(o.spi) != 0 {
		v.fault("the SA payload of phase 1 is malformed")
		return t, false
	}
	for _, t := range o.transforms {
		s := v1Suite(t.values)
		if s.Group != 0 && (len(v.cfg.Suites) == 0 || slices.Contains(v.cfg.Suites, s)) {
			sa.suite = s
			return t, true
		}
	}
	return t, false
}

// v1Suite returns what the attributes of a transform of phase 1 stand for.
func v1Suite(a map[uint16]uint64) (s ike.Suite) {
	s.Encryption = map[uint64]ike.Encryption{5: ike.TripleDES, 7: ike.AESCBC}[a[1]]
	s.PRF = map[uint64]ike.Hash{2: ike.SHA1, 4: ike.SHA256, 5: ike.SHA384, 6: ike.SHA512}[a[2]]
	s.Integrity = ike.Integrity(s.PRF)
	s.Bits = int(a[14])
	if s.Encryption != 0 && s.PRF != 0 && a[3] == 1 && (s.Bits == 0) == (s.Encryption == ike.TripleDES) {
		s.Group = ike.Group(a[4])
	}
	return s
}

func v1Vendors() []ike.Payload {
	return []ike.Payload{{Type: V1Vendor, Body: natTVendor}, {Type: V1Vendor, Body: dpdVendor}}
}

func (v *V1) main1(sa *v1SAState, list []ike.Payload) bool {
	v.checkVendors(list)
	sa.offer = payload(list, V1SA)
	t, ok := v.choose(sa, sa.offer)
	if !ok {
		v.send(sa, Inform, v.notifyClear(sa, 14))
		return false
	}
	sa.next = 3
	v.send(sa, Main2, v1Clear(sa, v1Main, 0, v.change(Main2, append([]ike.Payload{{Type: V1SA, Body: v1SA(1, nil, t)}}, v1Vendors()...))))
	return true
}

// exchangeKeys takes the initiator's half of the key exchange, and makes the keys.
func (v *V1) exchangeKeys(sa *v1SAState, list []ike.Payload) bool {
	sa.peerKE, sa.ni = bytes.Clone(payload(list, V1KE)), bytes.Clone(payload(list, V1Nonce))
	if len(sa.ni) < 8 || len(sa.ni) > 256 {
		v.fault("the nonce is missing, or of a wrong length")
		return false
	}
	pair, err := ike.NewKeyPair(sa.suite.Group, v.cfg.Random)
	if err != nil {
		v.fault(err.Error())
		return false
	}
	shared, err := pair.Shared(sa.peerKE)
	if err != nil {
		v.fault(err.Error())
		return false
	}
	sa.pair, sa.nr = pair, v.random(32)
	sa.keys = newV1Keys(sa.suite, v.cfg.PSK, sa, shared.Bytes())
	sa.iv = sa.suite.PRF.Sum(sa.peerKE, pair.Public)[:sa.keys.block.BlockSize()]
	return true
}

func (v *V1) main3(sa *v1SAState, list []ike.Payload, port uint16) bool {
	if !v.exchangeKeys(sa, list) {
		return false
	}
	v.checkNATD(sa, list, port)
	sa.next = 5
	answer := append([]ike.Payload{{Type: V1KE, Body: sa.pair.Public}, {Type: V1Nonce, Body: sa.nr}}, v.natDs(sa, port)...)
	v.send(sa, Main4, v1Clear(sa, v1Main, 0, v.change(Main4, answer)))
	return true
}

// natDs returns the hashes of the addresses: of what the initiator has, as seen behind a
// NAT, and of our own.
func (v *V1) natDs(sa *v1SAState, port uint16) []ike.Payload {
	return []ike.Payload{{Type: V1NATD, Body: v.hashOf(sa, v.cfg.Initiator, 40000)}, {Type: V1NATD, Body: v.hashOf(sa, v.cfg.Addr, port)}}
}

func (v *V1) hashOf(sa *v1SAState, addr netip.Addr, port uint16) []byte {
	return sa.suite.PRF.Sum(sa.initiator[:], sa.responder[:], addr.AsSlice(), []byte{byte(port >> 8), byte(port)})
}

// id returns the body of our identification payload.
func (v *V1) id() []byte { return append([]byte{uint8(v.cfg.ID.Type), 0, 0, 0}, v.cfg.ID.Data...) }

func (v *V1) ourProof(sa *v1SAState) []byte {
	return sa.suite.PRF.PRF(sa.keys.id, sa.pair.Public, sa.peerKE, sa.responder[:], sa.initiator[:], sa.offer, v.id())
}

func (v *V1) proved(sa *v1SAState, hash, id []byte) bool {
	return bytes.Equal(hash, sa.suite.PRF.PRF(sa.keys.id, sa.peerKE, sa.pair.Public, sa.initiator[:], sa.responder[:], sa.offer, id))
}

func (v *V1) main5(sa *v1SAState, list []ike.Payload, next []byte) bool {
	v.checkID(payload(list, V1ID))
	v.checkNotifies(list)
	if !v.proved(sa, payload(list, V1Hash), payload(list, V1ID)) {
		v.undecrypted(sa)
		return false
	}
	data, iv := v1Seal(sa, v1Main, 0, next, v.change(Main6, []ike.Payload{{Type: V1ID, Body: v.id()}, {Type: V1Hash, Body: v.ourProof(sa)}}))
	sa.iv, sa.up = iv, true
	v.send(sa, Main6, data)
	return true
}

func (v *V1) aggressive1(sa *v1SAState, list []ike.Payload) bool {
	if v.cfg.Refuse {
		v.send(sa, Inform, v.notifyClear(sa, 24))
		return false
	}
	v.checkVendors(list)
	v.checkID(payload(list, V1ID))
	sa.offer = bytes.Clone(payload(list, V1SA))
	t, ok := v.choose(sa, sa.offer)
	if !ok {
		v.send(sa, Inform, v.notifyClear(sa, 14))
		return false
	}
	if !v.exchangeKeys(sa, list) {
		return false
	}
	sa.next = 3
	answer := []ike.Payload{{Type: V1SA, Body: v1SA(1, nil, t)}, {Type: V1KE, Body: sa.pair.Public}, {Type: V1Nonce, Body: sa.nr}, {Type: V1ID, Body: v.id()}, {Type: V1Hash, Body: v.ourProof(sa)}}
	sa.id = bytes.Clone(payload(list, V1ID))
	data := v1Clear(sa, v1Aggressive, 0, v.change(Aggressive2, append(append(answer, v1Vendors()...), v.natDs(sa, sa.port)...)))
	sa.answer = ike.Datagram{Port: sa.port, Data: data}
	v.send(sa, Aggressive2, data)
	return true
}

func (v *V1) aggressive3(sa *v1SAState, list []ike.Payload, next []byte, port uint16) bool {
	v.checkNotifies(list)
	if !v.proved(sa, payload(list, V1Hash), sa.id) {
		v.undecrypted(sa)
		return false
	}
	v.checkNATD(sa, list, port)
	sa.iv, sa.up = next, true
	return true
}
