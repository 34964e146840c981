package ike

import (
	"bytes"
	"encoding/hex"
	"net/netip"
	"strconv"
	"strings"
)

// An IDType is the type of an identity, by its number, which both versions share (RFC
// 2407, section 4.6.2.1; RFC 7296, section 3.5).
type IDType uint8

// The types that are supported.
const (
	IDIPv4Addr IDType = 1
	IDFQDN     IDType = 2
	IDUserFQDN IDType = 3 // RFC822_ADDR in IKEv2
	IDIPv6Addr IDType = 5
)

// maxIdentity is how many bytes of an identity are shown: it may be the peer's.
const maxIdentity = 256

// An Identity says who one end is.
type Identity struct {
	Type IDType
	Data []byte
}

// ParseIdentity returns the identity that a text stands for: an address, user@domain, or
// else a domain name. ipsec.CanonicalIdentity has accepted it.
func ParseIdentity(s string) Identity {
	if addr, err := netip.ParseAddr(s); err == nil {
		return AddrIdentity(addr)
	}
	if strings.Contains(s, "@") {
		return Identity{Type: IDUserFQDN, Data: []byte(s)}
	}
	return Identity{Type: IDFQDN, Data: []byte(s)}
}

// AddrIdentity returns the identity of an address.
func AddrIdentity(addr netip.Addr) Identity {
	addr = addr.Unmap()
	if addr.Is4() {
		return Identity{Type: IDIPv4Addr, Data: addr.AsSlice()}
	}
	return Identity{Type: IDIPv6Addr, Data: addr.AsSlice()}
}

// Equal reports whether both are the same: addresses by their bytes, names without case.
func (i Identity) Equal(other Identity) bool {
	if i.Type != other.Type {
		return false
	}
	if i.Type == IDFQDN || i.Type == IDUserFQDN {
		return strings.EqualFold(string(i.Data), string(other.Data)) && isASCII(i.Data) && isASCII(other.Data)
	}
	return bytes.Equal(i.Data, other.Data)
}

func isASCII(b []byte) bool {
	for _, c := range b {
		if c >= 0x80 {
			return false
		}
	}
	return true
}

// String returns the identity to be shown. What is not printable is escaped, and what is
// too long is cut: it may be a hostile peer's.
func (i Identity) String() string {
	data := i.Data[:min(len(i.Data), maxIdentity)]
	switch i.Type {
	case IDIPv4Addr, IDIPv6Addr:
		if addr, ok := netip.AddrFromSlice(i.Data); ok && addr.Is4() == (i.Type == IDIPv4Addr) {
			return addr.String()
		}
	case IDFQDN, IDUserFQDN:
		q := strconv.QuoteToASCII(string(data))
		return q[1 : len(q)-1]
	}
	return "type " + strconv.Itoa(int(i.Type)) + " " + hex.EncodeToString(data)
}
