package iketest

import (
	"bytes"
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"io"

	"github.com/go-iscsi/discovery/internal/ike"
)

var errV2Sealed = errors.New("the message cannot be decrypted")

// v2Notify returns a Notify payload without an SPI.
func v2Notify(kind uint16, data ...byte) ike.Payload {
	return ike.Payload{Type: 41, Body: append([]byte{0, 0, byte(kind >> 8), byte(kind)}, data...)}
}

// v2Find returns the body of the first payload of a type.
func v2Find(list []ike.Payload, kind uint8) []byte {
	for _, p := range list {
		if p.Type == kind {
			return p.Body
		}
	}
	return nil
}

// v2HasNotify returns the data of a notify, with its SPI, and whether it is there.
func v2HasNotify(list []ike.Payload, kind uint16) ([]byte, bool) {
	for _, p := range list {
		if p.Type == 41 && len(p.Body) >= 4 && binary.BigEndian.Uint16(p.Body[2:]) == kind {
			return p.Body[4:], true
		}
	}
	return nil, false
}

// derive returns the keys of an IKE security association (RFC 7296, section 2.14).
func v2Derive(s ike.Suite, seed, ni, nr []byte, first, second ike.SPI) map[string][]byte {
	in := bytes.Join([][]byte{ni, nr, first[:], second[:]}, nil)
	all := s.PRF.PRFPlus(seed, in, 5*64+2*64)
	keys := map[string][]byte{}
	for _, k := range []string{"d", "ai", "ar", "ei", "er", "pi", "pr"} {
		n := s.PRF.Len()
		switch {
		case k[0] == 'a' && s.Encryption.AEAD():
			n = 0
		case k[0] == 'a':
			n = s.Integrity.KeyLen()
		case k[0] == 'e':
			n = s.Encryption.KeyLen(s.Bits)
		}
		keys[k], all = all[:n], all[n:]
	}
	return keys
}

// direction returns the keys of messages that this end sends, or of the others.
func (a *v2SA) direction(send bool) (enc, auth []byte) {
	if send != a.peerFirst {
		return a.keys["ei"], a.keys["ai"]
	}
	return a.keys["er"], a.keys["ar"]
}

// seal returns a message of this end.
func (a *v2SA) seal(random io.Reader, exchange uint8, id uint32, response bool, list []ike.Payload) []byte {
	enc, auth := a.direction(true)
	e := a.suite.Encryption
	plain := ike.AppendPayloads(nil, list...)
	pad := 0
	for (len(plain)+pad+1)%e.BlockLen() != 0 {
		pad++
	}
	plain = append(append(plain, make([]byte, pad)...), byte(pad))
	tag := 16
	if !e.AEAD() {
		tag = a.suite.Integrity.Len()
	}
	n := 4 + e.IVLen() + len(plain) + tag
	h := ike.Header{Initiator: a.first, Responder: a.second, Next: 46, Version: 0x20, Exchange: exchange, MessageID: id, Length: uint32(28 + n)}
	if !a.peerFirst {
		h.Flags |= 8
	}
	if response {
		h.Flags |= 0x20
	}
	m, _ := h.AppendBinary(nil)
	first := byte(0)
	if len(list) > 0 {
		first = list[0].Type
	}
	m = append(m, first, 0, byte(n>>8), byte(n))
	if e.AEAD() {
		a.iv++
		iv := binary.BigEndian.AppendUint64(nil, a.iv)
		c, _ := e.NewAEAD(enc[:len(enc)-4])
		return c.Seal(append(m, iv...), append(bytes.Clone(enc[len(enc)-4:]), iv...), plain, m)
	}
	iv := make([]byte, e.IVLen())
	_, _ = io.ReadFull(random, iv)
	block, _ := e.Block(enc)
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(plain, plain)
	m = append(append(m, iv...), plain...)
	return append(m, a.suite.Integrity.Hash().PRF(auth, m)[:tag]...)
}

// open returns the payloads of a message of the other end.
func (a *v2SA) open(h ike.Header, m []byte) ([]ike.Payload, error) {
	enc, auth := a.direction(false)
	e := a.suite.Encryption
	iv := e.IVLen()
	if h.Next != 46 || len(m) < 32+iv+e.BlockLen()+12 {
		return nil, errV2Sealed
	}
	var plain []byte
	if e.AEAD() {
		c, _ := e.NewAEAD(enc[:len(enc)-4])
		var err error
		if plain, err = c.Open(nil, append(bytes.Clone(enc[len(enc)-4:]), m[32:32+iv]...), m[32+iv:], m[:32]); err != nil {
			return nil, errV2Sealed
		}
	} else {
		body := m[:len(m)-a.suite.Integrity.Len()]
		if !bytes.Equal(a.suite.Integrity.Hash().PRF(auth, body)[:a.suite.Integrity.Len()], m[len(body):]) || (len(body)-32-iv)%e.BlockLen() != 0 {
			return nil, errV2Sealed
		}
		block, _ := e.Block(enc)
		plain = bytes.Clone(body[32+iv:])
		cipher.NewCBCDecrypter(block, body[32:32+iv]).CryptBlocks(plain, plain)
	}
	pad := int(plain[len(plain)-1]) + 1
	if pad > len(plain) {
		return nil, errV2Sealed
	}
	list, rest, err := ike.ParsePayloads(m[28], plain[:len(plain)-pad])
	if err == nil && len(rest) > 0 {
		err = errV2Sealed
	}
	return list, err
}
