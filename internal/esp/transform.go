package esp

import (
	"crypto/cipher"
	"crypto/hmac"
	"crypto/subtle"
	"encoding/binary"
	"hash"

	"github.com/go-iscsi/discovery/internal/ike"
)

// A transform encrypts and authenticates whole packets in place: SPI, sequence number,
// initialization vector, text with padding and trailer, integrity check value.
type transform interface {
	// seal encrypts the text of a packet and writes the check value. seq is the whole
	// sequence number, of which the lower half is in the packet.
	seal(packet []byte, seq uint64)

	// open reports whether the check value is right, and decrypts the text only then.
	open(packet []byte, seq uint64) bool
}

// shape are the lengths of the parts of a packet, in bytes.
type shape struct {
	iv, icv int
	align   int // of the text: the block of the cipher, and at least 4 (RFC 4303, section 2.4)
}

// text returns the part of a packet that is encrypted.
func (s shape) text(packet []byte) []byte {
	return packet[headerLen+s.iv : len(packet)-s.icv]
}

func shapeOf(s ike.ESPSuite) shape {
	if s.Encryption.AEAD() {
		return shape{iv: s.Encryption.IVLen(), icv: ike.AEADTagLen, align: 4}
	}
	return shape{iv: s.Encryption.IVLen(), icv: s.Integrity.Len(), align: s.Encryption.BlockLen()}
}

// newTransform returns the transform of c in one direction.
func newTransform(c Config, sealing bool) (transform, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	e, key := c.Suite.Encryption, c.Key.Bytes()
	n := e.KeyLen(c.Suite.Bits)
	if e.AEAD() {
		aead, err := e.NewAEAD(key[:n-e.SaltLen()])
		if err != nil {
			return nil, err
		}
		t := &combined{shape: shapeOf(c.Suite), aead: aead, esn: c.Suite.ESN}
		copy(t.nonce[:], key[n-e.SaltLen():n])
		return t, nil
	}
	block, err := e.Block(key[:n])
	if err != nil {
		return nil, err
	}
	t := &separate{shape: shapeOf(c.Suite), mac: hmac.New(c.Suite.Integrity.Hash().New, key[n:]), esn: c.Suite.ESN}
	iv := make([]byte, t.iv)
	mode := cipher.NewCBCDecrypter(block, iv)
	if sealing {
		mode = cipher.NewCBCEncrypter(block, iv)
	}
	t.mode = mode.(blockMode) // every mode of crypto/cipher has SetIV: crypto/tls relies on it as well
	return t, nil
}

// A combined transform has a cipher that authenticates as well: AES-GCM (RFC 4106),
// ChaCha20-Poly1305 (RFC 7634).
type combined struct {
	shape
	aead  cipher.AEAD
	esn   bool
	nonce [12]byte // the salt, and the initialization vector of the packet
	aad   [12]byte // a field, so that it is not allocated for each packet
}

func (t *combined) seal(packet []byte, seq uint64) {
	aad, text := t.prepare(packet, seq), t.text(packet)
	t.aead.Seal(text[:0], t.nonce[:], text, aad)
}

func (t *combined) open(packet []byte, seq uint64) bool {
	aad := t.prepare(packet, seq)
	text := packet[headerLen+t.iv:]
	_, err := t.aead.Open(text[:0], t.nonce[:], text, aad)
	return err == nil
}

// prepare sets the nonce, and returns what is authenticated but not encrypted: the SPI and
// the sequence number, all 64 bits of it where it is extended (RFC 4106, section 5).
func (t *combined) prepare(packet []byte, seq uint64) []byte {
	copy(t.nonce[4:], packet[headerLen:headerLen+t.iv])
	copy(t.aad[:4], packet)
	if t.esn {
		binary.BigEndian.PutUint64(t.aad[4:], seq)
		return t.aad[:]
	}
	binary.BigEndian.PutUint32(t.aad[4:], uint32(seq))
	return t.aad[:8]
}

// A blockMode is a mode of a block cipher that can begin anew.
type blockMode interface {
	cipher.BlockMode
	SetIV(iv []byte)
}

// A separate transform has a cipher in CBC mode (RFC 2451, 3602) and an HMAC (RFC 2404,
// 4868).
type separate struct {
	shape
	mode blockMode
	mac  hash.Hash
	esn  bool
	high [4]byte // fields, so that they are not allocated for each packet
	sum  [64]byte
}

func (t *separate) seal(packet []byte, seq uint64) {
	t.mode.SetIV(packet[headerLen : headerLen+t.iv])
	text := t.text(packet)
	t.mode.CryptBlocks(text, text)
	copy(packet[len(packet)-t.icv:], t.check(packet, seq))
}

func (t *separate) open(packet []byte, seq uint64) bool {
	if subtle.ConstantTimeCompare(packet[len(packet)-t.icv:], t.check(packet, seq)) != 1 {
		return false
	}
	t.mode.SetIV(packet[headerLen : headerLen+t.iv])
	text := t.text(packet)
	t.mode.CryptBlocks(text, text)
	return true
}

// check returns the check value of a packet: over all before it, and then the upper half
// of an extended sequence number, which is not sent (RFC 4303, section 3.3.2.1).
func (t *separate) check(packet []byte, seq uint64) []byte {
	t.mac.Reset()
	t.mac.Write(packet[:len(packet)-t.icv])
	if t.esn {
		binary.BigEndian.PutUint32(t.high[:], uint32(seq>>32))
		t.mac.Write(t.high[:])
	}
	return t.mac.Sum(t.sum[:0])[:t.icv]
}
