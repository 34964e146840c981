package zone

import "net/netip"

// SourceTo returns a source address in the form of a port's: as IPv4, or with the
// name of its link, which is that of the destination where it has none itself.
func SourceTo(source, dst netip.Addr) netip.Addr {
	source = source.Unmap()
	if Missing(source) {
		source = source.WithZone(dst.Zone())
	}
	return Named(source)
}
