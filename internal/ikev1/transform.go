package ikev1

import "github.com/go-iscsi/discovery/internal/ike"

// The attributes of phase 1 (RFC 2409, appendix A).
const (
	attrCipher      uint16 = 1
	attrHash        uint16 = 2
	attrAuth        uint16 = 3
	attrGroup       uint16 = 4
	attrLifeType    uint16 = 11
	attrLifetime    uint16 = 12
	attrKeyLength   uint16 = 14
	transformKeyIKE uint8  = 1
	authPSK                = 1
)

// The attributes of phase 2 (RFC 2407, section 4.5).
const (
	attrESPLifeType  uint16 = 1
	attrESPLifetime  uint16 = 2
	attrESPGroup     uint16 = 3
	attrESPMode      uint16 = 4
	attrESPIntegrity uint16 = 5
	attrESPKeyLength uint16 = 6
)

// The modes of ESP within UDP (RFC 3947, section 5.1).
const (
	modeUDPTunnel    = 3
	modeUDPTransport = 4
)

// What is offered, in seconds.
const (
	ikeLifetime = 8 * 60 * 60
	espLifetime = 60 * 60
)

var (
	ikeCiphers = map[ike.Encryption]uint64{ike.TripleDES: 5, ike.AESCBC: 7}                                              // RFC 2409, appendix A; RFC 3602, section 5.1
	ikeHashes  = map[ike.Hash]uint64{ike.SHA1: 2, ike.SHA256: 4, ike.SHA384: 5, ike.SHA512: 6}                           // RFC 2409, appendix A; RFC 4868, section 5
	espCiphers = map[ike.Encryption]uint8{ike.TripleDES: 3, ike.AESCBC: 12, ike.AESGCM16: 20}                            // RFC 2407, section 4.4.4; RFC 3602, section 5.2; RFC 4106, section 8.1
	espHashes  = map[ike.Integrity]uint64{0: 0, sha1HMAC: 2, sha256HMAC: 5, sha384HMAC: 6, ike.Integrity(ike.SHA512): 7} // RFC 2407, section 4.5; RFC 4868, section 5
)

const (
	sha1HMAC   = ike.Integrity(ike.SHA1)
	sha256HMAC = ike.Integrity(ike.SHA256)
	sha384HMAC = ike.Integrity(ike.SHA384)
)

// ikeAttributes returns the attributes of a suite without its lifetime; nil: IKEv1 has no
// numbers for it.
func ikeAttributes(s ike.Suite) []attribute {
	c, h := ikeCiphers[s.Encryption], ikeHashes[s.PRF]
	if c == 0 || h == 0 || s.Group.PublicLen() == 0 {
		return nil
	}
	list := []attribute{{attrCipher, c}, {attrHash, h}, {attrAuth, authPSK}, {attrGroup, uint64(s.Group)}}
	if s.Encryption == ike.AESCBC {
		list = append(list, attribute{attrKeyLength, uint64(s.Bits)})
	}
	return list
}

// ikeOffer returns the body of the SA payload of phase 1.
func ikeOffer(suites []ike.Suite) []byte {
	p := proposal{number: 1, protocol: protocolISAKMP}
	for i, s := range suites {
		list := append(ikeAttributes(s), attribute{attrLifeType, secondsType}, attribute{attrLifetime, ikeLifetime})
		p.transforms = append(p.transforms, transform{uint8(i + 1), transformKeyIKE, list})
	}
	return appendSA(nil, p)
}

// ikeChoice returns which suite of an offer the answer has taken, and the lifetime in
// seconds.
func ikeChoice(body []byte, offered []ike.Suite) (s ike.Suite, seconds uint64, err error) {
	_, t, err := parseAnswer(body, protocolISAKMP)
	if err != nil {
		return s, 0, err
	}
	list, seconds, err := takeLifetime(t.attributes, attrLifeType, attrLifetime)
	if err != nil {
		return s, 0, err
	}
	if t.id == transformKeyIKE {
		for _, s := range offered {
			if sameAttributes(list, ikeAttributes(s)) {
				return s, lower(seconds, ikeLifetime), nil
			}
		}
	}
	return s, 0, errNotOffered
}

// espAttributes returns the attributes of a suite without its lifetime; nil: IKEv1 has no
// numbers for it.
func espAttributes(s ike.ESPSuite, tunnel bool) []attribute {
	h, ok := espHashes[s.Integrity]
	if espCiphers[s.Encryption] == 0 || !ok || s.ESN || (h == 0) != s.Encryption.AEAD() {
		return nil
	}
	mode := uint64(modeUDPTransport)
	if tunnel {
		mode = modeUDPTunnel
	}
	list := []attribute{{attrESPMode, mode}}
	if s.Encryption != ike.TripleDES {
		list = append(list, attribute{attrESPKeyLength, uint64(s.Bits)})
	}
	if h != 0 {
		list = append(list, attribute{attrESPIntegrity, h})
	}
	if s.Group != 0 {
		list = append(list, attribute{attrESPGroup, uint64(s.Group)})
	}
	return list
}

// espOffer returns the body of the SA payload of Quick Mode.
func espOffer(suites []ike.ESPSuite, tunnel bool, spi []byte) []byte {
	p := proposal{number: 1, protocol: protocolESP, spi: spi}
	for i, s := range suites {
		list := append(espAttributes(s, tunnel), attribute{attrESPLifeType, secondsType}, attribute{attrESPLifetime, espLifetime})
		p.transforms = append(p.transforms, transform{uint8(i + 1), espCiphers[s.Encryption], list})
	}
	return appendSA(nil, p)
}

// espMatch returns which of some suites a transform is, and its lifetime in seconds; 0: it
// has none.
func espMatch(t transform, suites []ike.ESPSuite, tunnel bool) (s ike.ESPSuite, seconds uint64, err error) {
	list, seconds, err := takeLifetime(t.attributes, attrESPLifeType, attrESPLifetime)
	if err != nil {
		return s, 0, err
	}
	for _, s := range suites {
		if t.id == espCiphers[s.Encryption] && sameAttributes(list, espAttributes(s, tunnel)) {
			return s, lower(seconds, espLifetime), nil
		}
	}
	return s, 0, errNotOffered
}

// withoutVolume returns a transform without lifetimes in kilobytes. A peer such as Windows
// offers them in its own Quick Mode, and counts the bytes itself.
func (t transform) withoutVolume() transform {
	var list []attribute
	for i := 0; i < len(t.attributes); i++ {
		a := t.attributes[i]
		if i+1 < len(t.attributes) && a == (attribute{attrESPLifeType, kilobytesType}) && t.attributes[i+1].class == attrESPLifetime {
			i++
			continue
		}
		list = append(list, a)
	}
	t.attributes = list
	return t
}

// lower returns the lower one of an answered and an offered lifetime. 0 is none.
func lower(answered, offered uint64) uint64 {
	if answered == 0 {
		return offered
	}
	return min(answered, offered)
}
