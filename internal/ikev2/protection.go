package ikev2

import (
	"crypto/cipher"
	"crypto/hmac"
	"encoding/binary"
	"errors"
	"io"

	"github.com/go-iscsi/discovery/internal/ike"
)

// skHeaderLen is the length of the generic header of an Encrypted payload in bytes.
const skHeaderLen = 4

var (
	errIntegrity = errors.New("the integrity check of the message fails")
	errPadding   = errors.New("the padding of the message is wrong")
	errEnded     = errors.New("the IKE security association has ended")
)

// A protection seals messages of one direction of an IKE security association, or opens
// them (RFC 7296, section 3.14; RFC 5282).
type protection struct {
	suite    ike.Suite
	key      ike.Secret // with the salt of a combined cipher
	integ    ike.Secret
	sequence uint64 // the initialization vector of the next message under a combined cipher
	ended    bool   // the keys were cleared
}

// overhead returns the lengths of the initialization vector and of the checksum.
func (p *protection) overhead() (iv, tag int) {
	if p.suite.Encryption.AEAD() {
		return p.suite.Encryption.IVLen(), ike.AEADTagLen
	}
	return p.suite.Encryption.IVLen(), p.suite.Integrity.Len()
}

// seal returns the message with the payloads encrypted. It sets h.Next and h.Length.
func (p *protection) seal(h ike.Header, list []ike.Payload, random io.Reader) ([]byte, error) {
	if p.ended {
		return nil, errEnded
	}
	plain := ike.AppendPayloads(nil, list...)
	defer func() { clear(plain) }()
	pad := p.suite.Encryption.BlockLen() - 1 - len(plain)%p.suite.Encryption.BlockLen()
	plain = append(append(plain, make([]byte, pad)...), byte(pad))
	ivLen, tagLen := p.overhead()
	n := skHeaderLen + ivLen + len(plain) + tagLen
	h.Next, h.Length = payloadEncrypted, uint32(ike.HeaderLen+n)
	m, _ := h.AppendBinary(make([]byte, 0, h.Length))
	first := uint8(0)
	if len(list) > 0 {
		first = list[0].Type
	}
	m = append(m, first, 0)
	m = binary.BigEndian.AppendUint16(m, uint16(n))
	head := len(m)
	m = append(m, make([]byte, ivLen)...)
	if p.suite.Encryption.AEAD() {
		binary.BigEndian.PutUint64(m[head:], p.sequence)
		p.sequence++
		aead, salt, err := p.aead()
		if err != nil {
			return nil, err
		}
		return aead.Seal(m, join(salt, m[head:]), plain, m[:head:head]), nil
	}
	if _, err := io.ReadFull(random, m[head:]); err != nil {
		return nil, err
	}
	block, err := p.suite.Encryption.Block(p.key.Bytes())
	if err != nil {
		return nil, err
	}
	iv := m[head:]
	m = append(m, plain...)
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(m[head+ivLen:], plain)
	return append(m, p.checksum(m)...), nil
}

// open returns the payloads of a message, after it has checked the integrity. They are
// copies.
func (p *protection) open(h ike.Header, m []byte) ([]ike.Payload, error) {
	if p.ended {
		return nil, errEnded
	}
	ivLen, tagLen := p.overhead()
	const head = ike.HeaderLen + skHeaderLen
	if h.Next != payloadEncrypted || len(m) < head+ivLen+tagLen+p.suite.Encryption.BlockLen() ||
		int(binary.BigEndian.Uint16(m[ike.HeaderLen+2:])) != len(m)-ike.HeaderLen {
		return nil, ike.ErrLength // the Encrypted payload is the first and the last
	}
	iv, sealed := m[head:head+ivLen], m[head+ivLen:]
	var plain []byte
	if p.suite.Encryption.AEAD() {
		aead, salt, err := p.aead()
		if err != nil {
			return nil, err
		}
		if plain, err = aead.Open(nil, join(salt, iv), sealed, m[:head]); err != nil {
			return nil, errIntegrity
		}
	} else {
		body := m[:len(m)-tagLen]
		if !hmac.Equal(p.checksum(body), m[len(m)-tagLen:]) {
			return nil, errIntegrity
		}
		block, err := p.suite.Encryption.Block(p.key.Bytes())
		if err != nil {
			return nil, err
		}
		sealed = sealed[:len(sealed)-tagLen]
		if len(sealed)%block.BlockSize() != 0 {
			return nil, errPadding
		}
		plain = make([]byte, len(sealed))
		cipher.NewCBCDecrypter(block, iv).CryptBlocks(plain, sealed)
	}
	pad := int(plain[len(plain)-1]) + 1
	if pad > len(plain) {
		return nil, errPadding
	}
	list, rest, err := ike.ParsePayloads(m[ike.HeaderLen], plain[:len(plain)-pad])
	if err == nil && len(rest) != 0 {
		err = ike.ErrLength
	}
	return list, err
}

func (p *protection) aead() (cipher.AEAD, []byte, error) {
	k := p.key.Bytes()
	n := len(k) - p.suite.Encryption.SaltLen()
	aead, err := p.suite.Encryption.NewAEAD(k[:n])
	return aead, k[n:], err
}

func (p *protection) checksum(m []byte) []byte {
	return p.suite.Integrity.Hash().PRF(p.integ.Bytes(), m)[:p.suite.Integrity.Len()]
}
