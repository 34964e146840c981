package zone

import (
	"net/netip"

	"github.com/go-iscsi/discovery/internal/host"
)

// Canonical returns the one form in which addresses are stored and compared:
// policies, keys, gateways, advertised addresses and destinations. IPv4 within IPv6
// is IPv4, and only a link-local address has a zone. The zone stays as it is
// written; Meets compares zones.
func Canonical(a netip.Addr) netip.Addr { return host.Canonical(a) }

// CanonicalPrefix is Canonical for a block. A block of fewer than 96 bits that
// begins with IPv4 within IPv6 stays what it is: no IPv4 address is in it.
func CanonicalPrefix(p netip.Prefix) netip.Prefix {
	const mapped = 96 // bits before an IPv4 address within IPv6
	if p.Addr().Is4In6() && p.Bits() >= mapped {
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-mapped)
	}
	return p.Masked()
}

// Meets reports whether what is said of an address holds for a destination: they
// are the same address, and on the same link where what is said names one.
func Meets(said, dst netip.Addr) bool {
	said, dst = Canonical(said), Canonical(dst)
	if said.WithZone("") != dst.WithZone("") {
		return false
	}
	return said.Zone() == "" || Named(said).Zone() == Named(dst).Zone()
}
