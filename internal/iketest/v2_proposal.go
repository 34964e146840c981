package iketest

import (
	"bytes"
	"encoding/binary"

	"github.com/go-iscsi/discovery/internal/ike"
)

// A v2Proposal is a proposal of an SA payload; transforms are by their type.
type v2Proposal struct {
	number, protocol uint8
	spi              []byte
	transforms       map[uint8][][2]int // type: identifier and key length
	order            []uint8
}

// v2Proposals reads an SA payload that an initiator sent.
func v2Proposals(b []byte) (list []v2Proposal) {
	for len(b) >= 8 {
		n, spi := int(binary.BigEndian.Uint16(b[2:])), int(b[6])
		p := v2Proposal{number: b[4], protocol: b[5], spi: b[8 : 8+spi], transforms: map[uint8][][2]int{}}
		for t := b[8+spi : n]; len(t) >= 8; t = t[binary.BigEndian.Uint16(t[2:]):] {
			bits := 0
			if binary.BigEndian.Uint16(t[2:]) == 12 {
				bits = int(binary.BigEndian.Uint16(t[10:]))
			}
			p.transforms[t[4]] = append(p.transforms[t[4]], [2]int{int(binary.BigEndian.Uint16(t[6:])), bits})
			p.order = append(p.order, t[4])
		}
		list, b = append(list, p), b[n:]
	}
	return list
}

// v2ProposalProtocol returns the protocol of the first proposal; 0: there is none.
func v2ProposalProtocol(list []ike.Payload) uint8 {
	if b := v2Find(list, 33); len(b) >= 8 {
		return b[5]
	}
	return 0
}

// v2Answer returns an SA payload with one choice.
func v2Answer(number, protocol uint8, spi []byte, transforms [][3]int) ike.Payload {
	var b []byte
	for i, t := range transforms {
		more, n := byte(3), byte(8)
		if i+1 == len(transforms) {
			more = 0
		}
		if t[2] != 0 {
			n = 12
		}
		b = append(b, more, 0, 0, n, byte(t[0]), 0, byte(t[1]>>8), byte(t[1]))
		if t[2] != 0 {
			b = append(b, 0x80, 14, byte(t[2]>>8), byte(t[2]))
		}
	}
	n := 8 + len(spi) + len(b)
	head := []byte{0, 0, byte(n >> 8), byte(n), number, protocol, byte(len(spi)), byte(len(transforms))}
	return ike.Payload{Type: 33, Body: bytes.Join([][]byte{head, spi, b}, nil)}
}

// v2Cipher returns the transforms of a cipher with its integrity.
func v2Cipher(e ike.Encryption, bits int, i ike.Integrity) [][3]int {
	id := map[ike.Encryption]int{ike.TripleDES: 3, ike.AESCBC: 12, ike.AESGCM16: 20, ike.ChaCha20Poly1305: 28}[e]
	if e == ike.TripleDES || e == ike.ChaCha20Poly1305 {
		bits = 0
	}
	list := [][3]int{{1, id, bits}}
	if !e.AEAD() {
		list = append(list, [3]int{3, map[ike.Hash]int{ike.SHA1: 2, ike.SHA256: 12, ike.SHA384: 13, ike.SHA512: 14}[i.Hash()], 0})
	}
	return list
}

func v2SuiteTransforms(s ike.Suite) [][3]int {
	prf := map[ike.Hash]int{ike.SHA1: 2, ike.SHA256: 5, ike.SHA384: 6, ike.SHA512: 7}[s.PRF]
	return append(v2Cipher(s.Encryption, s.Bits, s.Integrity), [3]int{2, prf, 0}, [3]int{4, int(s.Group), 0})
}

func v2ESPTransforms(s ike.ESPSuite, group bool) [][3]int {
	list := v2Cipher(s.Encryption, s.Bits, s.Integrity)
	if group && s.Group != 0 {
		list = append(list, [3]int{4, int(s.Group), 0})
	}
	if s.ESN {
		return append(list, [3]int{5, 1, 0})
	}
	return append(list, [3]int{5, 0, 0})
}

// has reports whether a proposal offers all the transforms, and no other type.
func (p v2Proposal) has(want [][3]int) bool {
	kinds := map[uint8]bool{}
	for _, w := range want {
		found := false
		for _, t := range p.transforms[uint8(w[0])] {
			found = found || t == [2]int{w[1], w[2]}
		}
		if !found {
			return false
		}
		kinds[uint8(w[0])] = true
	}
	return len(kinds) == len(p.transforms)
}
