package ikev1

import (
	"encoding/binary"

	"github.com/go-iscsi/discovery/internal/ike"
)

// keys are those of phase 1 (RFC 2409, section 5). The zero value has none.
type keys struct {
	hash   ike.Hash
	id     ike.Secret // SKEYID
	derive ike.Secret // SKEYID_d
	auth   ike.Secret // SKEYID_a
	cipher ike.Secret // of the messages
}

// newKeys derives the keys of phase 1. psk is cleared.
func newKeys(s ike.Suite, psk, ni, nr []byte, shared ike.Secret, initiator, responder ike.SPI) keys {
	k := keys{hash: s.PRF, id: ike.NewSecret(s.PRF.PRF(psk, ni, nr))}
	clear(psk)
	id, gxy := k.id.Bytes(), shared.Bytes()
	k.derive = ike.NewSecret(s.PRF.PRF(id, gxy, initiator[:], responder[:], []byte{0}))
	k.auth = ike.NewSecret(s.PRF.PRF(id, k.derive.Bytes(), gxy, initiator[:], responder[:], []byte{1}))
	e := ike.NewSecret(s.PRF.PRF(id, k.auth.Bytes(), gxy, initiator[:], responder[:], []byte{2}))
	k.cipher = expand(s.PRF, e, s.Encryption.KeyLen(s.Bits))
	e.Wipe()
	return k
}

// expand returns n bytes of key from SKEYID_e (RFC 2409, appendix B).
func expand(h ike.Hash, e ike.Secret, n int) ike.Secret {
	if n <= h.Len() {
		return ike.NewSecret(append([]byte(nil), e.Bytes()[:n]...))
	}
	out := make([]byte, 0, n+h.Len())
	for last := []byte{0}; len(out) < n; {
		last = h.PRF(e.Bytes(), last)
		out = append(out, last...)
	}
	clear(out[n:cap(out)])
	return ike.NewSecret(out[:n:n])
}

// material returns n bytes of keying material for ESP (RFC 2409, section 5.5). shared is
// that of perfect forward secrecy, or none.
func (k keys) material(shared ike.Secret, spi uint32, ni, nr []byte, n int) ike.Secret {
	s := binary.BigEndian.AppendUint32(nil, spi)
	out := make([]byte, 0, n+k.hash.Len())
	for last := []byte(nil); len(out) < n; {
		last = k.hash.PRF(k.derive.Bytes(), last, shared.Bytes(), []byte{protocolESP}, s, ni, nr)
		out = append(out, last...)
	}
	clear(out[n:cap(out)])
	return ike.NewSecret(out[:n:n])
}

// wipe clears the keys.
func (k keys) wipe() {
	for _, s := range []ike.Secret{k.id, k.derive, k.auth, k.cipher} {
		s.Wipe()
	}
}
