package host

import (
	"net/netip"
	"strings"
)

// Broadcast is the address of all hosts of a link.
var Broadcast = netip.AddrFrom4([4]byte{255, 255, 255, 255})

// IsOne reports whether an address may be that of one host.
func IsOne(addr netip.Addr) bool {
	addr = addr.Unmap()
	return !addr.IsUnspecified() && !addr.IsMulticast() && addr != Broadcast
}

// Canonical returns the one form in which addresses are stored and compared:
// policies, keys, gateways, advertised addresses and destinations. IPv4 within IPv6
// is IPv4, and only a link-local address has a zone. The zone stays as it is
// written.
func Canonical(a netip.Addr) netip.Addr {
	a = a.Unmap()
	if a.Zone() != "" && !a.IsLinkLocalUnicast() {
		a = a.WithZone("")
	}
	return a
}

// Unbracketed returns an address without the brackets that some write around IPv6.
func Unbracketed(s string) string {
	if strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]") {
		return s[1 : len(s)-1]
	}
	return s
}
