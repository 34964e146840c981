package zone

import (
	"net"
	"net/netip"
	"os"
	"strconv"
	"syscall"
)

// SourceTo returns a source address in the form of a port's: as IPv4, or with the
// name of its link, which is that of the destination where it has none itself.
func SourceTo(source, dst netip.Addr) netip.Addr {
	source = source.Unmap()
	if Missing(source) {
		source = source.WithZone(dst.Zone())
	}
	return Named(source)
}

// Missing reports whether an address means nothing without the link that it
// is on, and does not tell.
func Missing(a netip.Addr) bool {
	return a.Is6() && a.IsLinkLocalUnicast() && a.Zone() == ""
}

// Named returns an address with the name of the interface where its zone is the
// number of one.
func Named(a netip.Addr) netip.Addr {
	if a.Zone() == "" {
		return a
	}
	index, err := strconv.Atoi(a.Zone())
	if err != nil {
		return a
	}
	if _, err := net.InterfaceByName(a.Zone()); err == nil {
		return a // a name that looks like a number
	}
	if i, err := net.InterfaceByIndex(index); err == nil {
		return a.WithZone(i.Name)
	}
	return a
}

// Indexed returns addresses with numbers in the place of the names of zones.
// Package net remembers for a minute which number a name had, but an interface
// may be made anew under its old name.
func Indexed(source netip.Addr, dst netip.AddrPort) (netip.Addr, netip.AddrPort, error) {
	to := dst.Addr()
	for _, a := range []*netip.Addr{&source, &to} {
		if a.Zone() == "" {
			continue
		}
		index, err := Index(a.Zone())
		if err != nil {
			return source, dst, &net.OpError{Op: "dial", Net: "ip", Addr: net.TCPAddrFromAddrPort(dst), Err: err}
		}
		*a = a.WithZone(strconv.Itoa(index))
	}
	return source, netip.AddrPortFrom(to, dst.Port()), nil
}

// Index returns the number of the interface that a zone names.
func Index(zone string) (int, error) {
	if i, err := net.InterfaceByName(zone); err == nil {
		return i.Index, nil
	}
	index, err := strconv.Atoi(zone)
	if err != nil {
		return 0, os.NewSyscallError("zone", syscall.ENODEV)
	}
	return index, nil
}
