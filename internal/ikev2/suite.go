package ikev2

import (
	"slices"

	"github.com/go-iscsi/discovery/internal/ike"
)

var encryptionIDs = map[ike.Encryption]uint16{ike.TripleDES: 3, ike.AESCBC: 12, ike.AESGCM16: 20, ike.ChaCha20Poly1305: 28}

var prfIDs = map[ike.Hash]uint16{ike.SHA1: 2, ike.SHA256: 5, ike.SHA384: 6, ike.SHA512: 7}

var integrityIDs = map[ike.Integrity]uint16{
	ike.Integrity(ike.SHA1): 2, ike.Integrity(ike.SHA256): 12, ike.Integrity(ike.SHA384): 13, ike.Integrity(ike.SHA512): 14,
}

// The identifiers of extended sequence numbers.
const (
	esnNo  uint16 = 0
	esnYes uint16 = 1
)

// cipherTransforms returns the transforms of a cipher, and of the integrity that goes with
// one that is not combined (RFC 5282, section 8).
func cipherTransforms(e ike.Encryption, bits int, i ike.Integrity) []transform {
	t := transform{kind: transformEncryption, id: encryptionIDs[e]}
	if e == ike.AESCBC || e == ike.AESGCM16 {
		t.bits = bits
	}
	if e.AEAD() {
		return []transform{t}
	}
	return []transform{t, {kind: transformIntegrity, id: integrityIDs[i]}}
}

func ikeTransforms(s ike.Suite) []transform {
	return append(cipherTransforms(s.Encryption, s.Bits, s.Integrity),
		transform{kind: transformPRF, id: prfIDs[s.PRF]}, transform{kind: transformGroup, id: uint16(s.Group)})
}

// espTransforms returns the transforms of a suite without those of ESN. The exchange
// IKE_AUTH has no group.
func espTransforms(s ike.ESPSuite, group bool) []transform {
	list := cipherTransforms(s.Encryption, s.Bits, s.Integrity)
	if group && s.Group != 0 {
		list = append(list, transform{kind: transformGroup, id: uint16(s.Group)})
	}
	return list
}

// offerIKE returns a proposal for each suite, numbered from 1. spi is empty in
// IKE_SA_INIT.
func offerIKE(suites []ike.Suite, spi []byte) []proposal {
	var list []proposal
	for i, s := range suites[:min(len(suites), maxProposals)] {
		list = append(list, proposal{number: uint8(i + 1), protocol: protocolIKE, spi: spi, transforms: ikeTransforms(s)})
	}
	return list
}

// offerESP returns a proposal for each suite, numbered from 1, with and without extended
// sequence numbers.
func offerESP(suites []ike.ESPSuite, spi []byte, group bool) []proposal {
	var list []proposal
	for i, s := range suites[:min(len(suites), maxProposals)] {
		t := append(espTransforms(s, group), transform{kind: transformESN, id: esnYes}, transform{kind: transformESN, id: esnNo})
		list = append(list, proposal{number: uint8(i + 1), protocol: protocolESP, spi: spi, transforms: t})
	}
	return list
}

// sameTransforms reports whether both have the same transforms, in any order. A group of
// zero says that there is none.
func sameTransforms(a, b []transform) bool {
	none := func(t transform) bool { return t.kind == transformGroup && t.id == 0 }
	a, b = slices.DeleteFunc(slices.Clone(a), none), slices.DeleteFunc(slices.Clone(b), none)
	if len(a) != len(b) {
		return false
	}
	for _, t := range a {
		if !slices.Contains(b, t) {
			return false
		}
	}
	return true
}

// pickedIKE returns the suite that the peer picked.
func pickedIKE(answer proposal, suites []ike.Suite, spiLen int) (ike.Suite, bool) {
	i := int(answer.number) - 1
	if i < 0 || i >= len(suites) || answer.protocol != protocolIKE || len(answer.spi) != spiLen || !distinct(answer.transforms) {
		return ike.Suite{}, false
	}
	return suites[i], sameTransforms(ikeTransforms(suites[i]), answer.transforms)
}

// pickedESP returns the suite that the peer picked. Without group its Group is zero.
func pickedESP(answer proposal, suites []ike.ESPSuite, group bool) (ike.ESPSuite, bool) {
	i := int(answer.number) - 1
	if i < 0 || i >= len(suites) || answer.protocol != protocolESP || len(answer.spi) != 4 || !distinct(answer.transforms) {
		return ike.ESPSuite{}, false
	}
	s := suites[i]
	for _, esn := range []uint16{esnNo, esnYes} {
		if sameTransforms(append(espTransforms(s, group), transform{kind: transformESN, id: esn}), answer.transforms) {
			s.ESN = esn == esnYes
			if !group {
				s.Group = 0
			}
			return s, true
		}
	}
	return ike.ESPSuite{}, false
}

// distinct reports whether there is one transform of each kind.
func distinct(list []transform) bool {
	var seen [256]bool
	for _, t := range list {
		if seen[t.kind] {
			return false
		}
		seen[t.kind] = true
	}
	return true
}

// chooseIKE returns the first suite that is among what the peer offers, and the proposal
// that answers it, still with the peer's SPI.
func chooseIKE(offers []proposal, suites []ike.Suite) (ike.Suite, proposal, bool) {
	for _, s := range suites {
		want := ikeTransforms(s)
		for _, o := range offers {
			if o.protocol == protocolIKE && len(o.spi) == 8 && offersAll(o, want) {
				return s, proposal{number: o.number, protocol: protocolIKE, spi: o.spi, transforms: want}, true
			}
		}
	}
	return ike.Suite{}, proposal{}, false
}

// chooseESP returns the first suite that is among what the peer offers, and the proposal
// that answers it, still with the peer's SPI.
func chooseESP(offers []proposal, suites []ike.ESPSuite) (ike.ESPSuite, proposal, bool) {
	for _, s := range suites {
		for _, esn := range []uint16{esnYes, esnNo} {
			want := append(espTransforms(s, true), transform{kind: transformESN, id: esn})
			for _, o := range offers {
				if o.protocol == protocolESP && len(o.spi) == 4 && offersAll(o, want) {
					s.ESN = esn == esnYes
					return s, proposal{number: o.number, protocol: protocolESP, spi: o.spi, transforms: want}, true
				}
			}
		}
	}
	return ike.ESPSuite{}, proposal{}, false
}

// offersAll reports whether a proposal has what is wanted, and no kind of transform beside
// it.
func offersAll(o proposal, want []transform) bool {
	for _, w := range want {
		if !slices.Contains(o.transforms, w) {
			return false
		}
	}
	for _, t := range o.transforms {
		wanted := slices.ContainsFunc(want, func(w transform) bool { return w.kind == t.kind })
		if !wanted && !slices.Contains(o.transforms, transform{kind: t.kind}) { // zero is NONE
			return false
		}
	}
	return true
}
