package ports

import (
	"net"
	"net/netip"
	"slices"
)

// A Address is one address of this host that discoveries can come from.
type Address struct {
	Addr      netip.Addr // link-local IPv6 with its zone
	Interface string     // name of the network interface
	Up        bool       // the address can be used: its interface is up, and the cable leads somewhere

	// Passing is set for temporary and deprecated IPv6 addresses, which do not
	// last: they are given no port number, but keep one that they have.
	Passing bool
}

// Addresses returns the addresses of this host in a stable order: by
// interface as the system numbers them, loopback last, then as the system lists
// them.
func Addresses() ([]Address, error) {
	interfaces, err := net.Interfaces()
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(interfaces, func(a, b net.Interface) int {
		if la, lb := a.Flags&net.FlagLoopback, b.Flags&net.FlagLoopback; la != lb {
			return int(la) - int(lb)
		}
		return a.Index - b.Index
	})
	const up = net.FlagUp | net.FlagRunning
	states := addressStates()
	var all []Address
	for _, i := range interfaces {
		addrs, err := i.Addrs()
		if err != nil {
			return nil, err
		}
		for _, a := range addrs {
			addr, ok := hostAddr(a, i.Name)
			if !ok {
				continue
			}
			state := states[onLink{addr.WithZone(""), i.Index}]
			all = append(all, Address{
				Addr: addr, Interface: i.Name,
				Up: i.Flags&up == up && !state.unusable, Passing: state.passing,
			})
		}
	}
	return all, nil
}

// An onLink is an address, without a zone, of the interface with an index.
type onLink struct {
	addr  netip.Addr
	index int
}

// An addressState is what the flags of an interface do not tell of its address.
type addressState struct{ passing, unusable bool }

// hostAddr returns the address of an interface in the form in which we use it.
func hostAddr(a net.Addr, device string) (netip.Addr, bool) {
	n, ok := a.(*net.IPNet)
	if !ok {
		return netip.Addr{}, false
	}
	addr, ok := netip.AddrFromSlice(n.IP)
	if !ok {
		return netip.Addr{}, false
	}
	if addr = addr.Unmap(); addr.Is6() && addr.IsLinkLocalUnicast() {
		addr = addr.WithZone(device)
	}
	return addr, true
}
