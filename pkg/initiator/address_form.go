package initiator

import "net/netip"

// canonicalAddr returns the one form in which addresses are stored and compared:
// policies, keys, gateways, advertised addresses and destinations. IPv4 within IPv6
// is IPv4, and only a link-local address has a zone. The zone stays as it is
// written; meets compares zones.
func canonicalAddr(a netip.Addr) netip.Addr {
	a = a.Unmap()
	if a.Zone() != "" && !a.IsLinkLocalUnicast() {
		a = a.WithZone("")
	}
	return a
}

// canonicalPrefix is canonicalAddr for a block. A block of fewer than 96 bits that
// begins with IPv4 within IPv6 stays what it is: no IPv4 address is in it.
func canonicalPrefix(p netip.Prefix) netip.Prefix {
	const mapped = 96 // bits before an IPv4 address within IPv6
	if p.Addr().Is4In6() && p.Bits() >= mapped {
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-mapped)
	}
	return p.Masked()
}

// meets reports whether what is said of an address holds for a destination: they
// are the same address, and on the same link where what is said names one.
func meets(said, dst netip.Addr) bool {
	said, dst = canonicalAddr(said), canonicalAddr(dst)
	if said.WithZone("") != dst.WithZone("") {
		return false
	}
	return said.Zone() == "" || named(said).Zone() == named(dst).Zone()
}
