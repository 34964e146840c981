package zone

import "net/netip"

// IsHost reports whether an address may be that of one host.
func IsHost(addr netip.Addr) bool {
	addr = addr.Unmap()
	return !addr.IsUnspecified() && !addr.IsMulticast() && addr != Broadcast
}

// Broadcast is the address of all hosts of a link.
var Broadcast = netip.AddrFrom4([4]byte{255, 255, 255, 255})
