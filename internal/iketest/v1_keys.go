package iketest

import (
	"crypto/cipher"
	"encoding/binary"

	"github.com/go-iscsi/discovery/internal/ike"
)

// v1Keys are the keys of phase 1 (RFC 2409, section 5).
type v1Keys struct {
	hash        ike.Hash
	id, d, a, e []byte
	block       cipher.Block
}

func newV1Keys(s ike.Suite, psk string, sa *v1SAState, shared []byte) v1Keys {
	h, ci, cr := s.PRF, sa.initiator[:], sa.responder[:]
	k := v1Keys{hash: h, id: h.PRF([]byte(psk), sa.ni, sa.nr)}
	k.d = h.PRF(k.id, shared, ci, cr, []byte{0})
	k.a = h.PRF(k.id, k.d, shared, ci, cr, []byte{1})
	k.e = h.PRF(k.id, k.a, shared, ci, cr, []byte{2})
	key, n := k.e, s.Encryption.KeyLen(s.Bits)
	if len(key) < n {
		key = h.PRF(k.e, []byte{0})
		for len(key) < n {
			key = append(key, h.PRF(k.e, key[len(key)-h.Len():])...)
		}
	}
	k.block, _ = s.Encryption.Block(key[:n])
	return k
}

// v1Seal returns an encrypted message and the next initialization vector.
func v1Seal(sa *v1SAState, exchange uint8, id uint32, iv []byte, list []ike.Payload) (data, next []byte) {
	body, n := ike.AppendPayloads(nil, list...), sa.keys.block.BlockSize()
	for len(body)%n != 0 {
		body = append(body, 0)
	}
	cipher.NewCBCEncrypter(sa.keys.block, iv).CryptBlocks(body, body)
	h := ike.Header{Initiator: sa.initiator, Responder: sa.responder, Version: ike.Version1, Exchange: exchange, Flags: 1, MessageID: id, Length: uint32(ike.HeaderLen + len(body))}
	if len(list) > 0 {
		h.Next = list[0].Type
	}
	data, _ = h.AppendBinary(nil)
	return append(data, body...), body[len(body)-n:]
}

// v1Clear returns a message in clear text.
func v1Clear(sa *v1SAState, exchange uint8, id uint32, list []ike.Payload) []byte {
	body := ike.AppendPayloads(nil, list...)
	h := ike.Header{Initiator: sa.initiator, Responder: sa.responder, Version: ike.Version1, Exchange: exchange, MessageID: id, Length: uint32(ike.HeaderLen + len(body))}
	if len(list) > 0 {
		h.Next = list[0].Type
	}
	data, _ := h.AppendBinary(nil)
	return append(data, body...)
}

// v1Open decrypts a message. rest is the padding.
func v1Open(sa *v1SAState, h ike.Header, data, iv []byte) (list []ike.Payload, chain, next, rest []byte, ok bool) {
	body, n := append([]byte(nil), data[ike.HeaderLen:]...), sa.keys.block.BlockSize()
	if h.Flags != 1 || len(body) == 0 || len(body)%n != 0 {
		return nil, nil, nil, nil, false
	}
	next = data[len(data)-n:]
	cipher.NewCBCDecrypter(sa.keys.block, iv).CryptBlocks(body, body)
	list, rest, err := ike.ParsePayloads(h.Next, body)
	if err != nil || len(list) == 0 {
		return nil, nil, nil, nil, false
	}
	return list, body[:len(body)-len(rest)], next, rest, true
}

// phase2IV returns the first initialization vector of an exchange of phase 2.
func (sa *v1SAState) phase2IV(id uint32) []byte {
	return sa.suite.PRF.Sum(sa.iv, binary.BigEndian.AppendUint32(nil, id))[:sa.keys.block.BlockSize()]
}

// material returns keying material of ESP.
func (k v1Keys) material(shared []byte, spi, ni, nr []byte, n int) ike.Secret {
	var out, last []byte
	for len(out) < n {
		last = k.hash.PRF(k.d, last, shared, []byte{3}, spi, ni, nr)
		out = append(out, last...)
	}
	return ike.NewSecret(out[:n])
}
