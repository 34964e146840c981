package ikev2

import (
	"github.com/go-iscsi/discovery/internal/ike"
)

// keyPad is mixed into the preshared key (RFC 7296, section 2.15).
const keyPad = "Key Pad for IKEv2"

// A keySet are the keys of an IKE security association (RFC 7296, section 2.14), by the
// original initiator and responder.
type keySet struct {
	d, ai, ar, ei, er, pi, pr ike.Secret
}

// deriveKeys returns the keys that follow from SKEYSEED. It wipes seed.
func deriveKeys(s ike.Suite, seed ike.Secret, ni, nr []byte, spis [16]byte) *keySet {
	auth := 0
	if !s.Encryption.AEAD() { // RFC 5282, section 7.1
		auth = s.Integrity.KeyLen()
	}
	prf, enc := s.PRF.Len(), s.Encryption.KeyLen(s.Bits)
	all := s.PRF.PRFPlus(seed.Bytes(), join(ni, nr, spis[:]), 3*prf+2*auth+2*enc)
	seed.Wipe()
	take := func(n int) ike.Secret {
		k := ike.NewSecret(all[:n:n])
		all = all[n:]
		return k
	}
	return &keySet{d: take(prf), ai: take(auth), ar: take(auth), ei: take(enc), er: take(enc), pi: take(prf), pr: take(prf)}
}

// initialSeed returns SKEYSEED of IKE_SA_INIT. It wipes shared.
func initialSeed(prf ike.Hash, shared ike.Secret, ni, nr []byte) ike.Secret {
	defer shared.Wipe()
	return ike.NewSecret(prf.PRF(join(ni, nr), shared.Bytes()))
}

// rekeySeed returns SKEYSEED of a rekeyed IKE security association; prf and d are of the
// one before (RFC 7296, section 2.18). It wipes shared.
func rekeySeed(prf ike.Hash, d, shared ike.Secret, ni, nr []byte) ike.Secret {
	defer shared.Wipe()
	return ike.NewSecret(prf.PRF(d.Bytes(), shared.Bytes(), ni, nr))
}

// childKeys returns the keys of a child (RFC 7296, section 2.17): of the direction from
// the initiator of the exchange, and of the other. It wipes shared, which is no secret
// where there is no perfect forward secrecy.
func childKeys(prf ike.Hash, d, shared ike.Secret, ni, nr []byte, s ike.ESPSuite) (fromInitiator, fromResponder ike.Secret) {
	defer shared.Wipe()
	seed := join(shared.Bytes(), ni, nr)
	defer clear(seed)
	n := s.KeyLen()
	all := prf.PRFPlus(d.Bytes(), seed, 2*n)
	return ike.NewSecret(all[:n:n]), ike.NewSecret(all[n:])
}

// authOf returns the data of an AUTH payload: of an end that sent message first, to which
// the other end's nonce belongs, and of which id is the body of its ID payload. p is
// SK_pi or SK_pr. It clears psk.
func authOf(prf ike.Hash, psk []byte, message, nonce []byte, p ike.Secret, id []byte) []byte {
	key := prf.PRF(psk, []byte(keyPad))
	clear(psk)
	defer clear(key)
	return prf.PRF(key, message, nonce, prf.PRF(p.Bytes(), id))
}

func (k *keySet) wipe() {
	if k == nil {
		return
	}
	for _, s := range []ike.Secret{k.d, k.ai, k.ar, k.ei, k.er, k.pi, k.pr} {
		s.Wipe()
	}
}

func join(parts ...[]byte) []byte {
	n := 0
	for _, p := range parts {
		n += len(p)
	}
	b := make([]byte, 0, n)
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}
