package xfrm

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/go-iscsi/discovery/pkg/ipsec"
)

// A state is a security association of the kernel, without its keys.
type state struct {
	from, to netip.Addr
	spi      uint32
	protocol byte
	mode     ipsec.Mode
	reqid    uint32
	bytes    uint64 // that went through it
	cipher   string // empty: none; with the length of the key, such as cbc(aes)-256
	digest   string // empty: none
}

// Offsets in struct xfrm_usersa_info.
const (
	stateDestination = 56
	stateSPI         = 72
	stateProtocol    = 76
	stateSource      = 80
	stateBytes       = 160
	stateReqid       = 208
	stateFamily      = 212
	stateMode        = 214
	stateLen         = 224
)

// Attributes of a state: each a name of 64 bytes, and the key's length in bits.
const (
	attrDigest      = 1  // XFRMA_ALG_AUTH
	attrCipher      = 2  // XFRMA_ALG_CRYPT
	attrAEAD        = 18 // XFRMA_ALG_AEAD
	attrDigestTrunc = 20 // XFRMA_ALG_AUTH_TRUNC
)

// Names that the kernel has for no encryption and no authentication.
const (
	cipherNull = "ecb(cipher_null)"
	digestNull = "digest_null"
	gmac       = "rfc4543(" // authenticates only, though it is an AEAD
)

// parseState reads what the kernel lists: struct xfrm_usersa_info and attributes.
func parseState(b []byte) (state, error) {
	if len(b) < stateLen {
		return state{}, fmt.Errorf("a state of %d bytes", len(b))
	}
	f := binary.NativeEndian.Uint16(b[stateFamily:])
	s := state{
		from:     addrOf(b[stateSource:], f),
		to:       addrOf(b[stateDestination:], f),
		spi:      binary.BigEndian.Uint32(b[stateSPI:]),
		protocol: b[stateProtocol],
		mode:     modeOf(b[stateMode]),
		reqid:    binary.NativeEndian.Uint32(b[stateReqid:]),
		bytes:    binary.NativeEndian.Uint64(b[stateBytes:]),
	}
	for typ, v := range attributes(b[stateLen:]) {
		switch typ {
		case attrCipher:
			if name := algorithm(v); !strings.HasPrefix(name, cipherNull) {
				s.cipher = name
			}
		case attrDigest, attrDigestTrunc:
			if name := algorithm(v); !strings.HasPrefix(name, digestNull) {
				s.digest = name
			}
		case attrAEAD:
			s.digest = algorithm(v)
			if !strings.HasPrefix(s.digest, gmac) {
				s.cipher = s.digest
			}
		}
	}
	return s, nil
}

// algorithm returns the name of an algorithm and the length of its key.
func algorithm(v []byte) string {
	const nameLen = 64
	if len(v) < nameLen+4 {
		return ""
	}
	name, _, _ := bytes.Cut(v[:nameLen], []byte{0})
	if bits := binary.NativeEndian.Uint32(v[nameLen:]); bits != 0 {
		return fmt.Sprintf("%s-%d", name, bits)
	}
	return string(name)
}

// negotiated reports whether the state is more than the placeholder that the
// kernel makes while it waits for an IKE daemon.
func (s *state) negotiated() bool { return s.spi != 0 && s.digest+s.cipher != "" }

// serves reports whether the state is what a template demands for a flow.
func (s *state) serves(t *template, f flow) bool {
	from, to := t.ends()
	if !from.IsValid() || t.mode() == ipsec.TransportMode {
		from = f.from.Addr()
	}
	if !to.IsValid() || t.mode() == ipsec.TransportMode {
		to = f.to.Addr()
	}
	return s.negotiated() && s.protocol == t.protocol() && s.mode == t.mode() && s.from == from && s.to == to &&
		(t.reqid() == 0 || s.reqid == t.reqid())
}

// algorithms returns the names, such as "esp cbc(aes)-256 hmac(sha256)-256".
func (s *state) algorithms() string {
	name := "esp"
	if s.cipher != "" {
		name += " " + s.cipher
	}
	if s.digest != s.cipher && s.digest != "" {
		name += " " + s.digest
	}
	return name
}

// served reports whether there is a state for each template that is not
// optional.
func served(states []state, templates []template, f flow) bool {
	for i := range templates {
		t := &templates[i]
		if !t.optional() && !slices.ContainsFunc(states, func(s state) bool { return s.serves(t, f) }) {
			return false
		}
	}
	return true
}
