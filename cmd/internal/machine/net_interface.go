package machine

import (
	"net"
	"net/netip"
)

// A NetInterface is a network interface and its addresses.
type NetInterface struct {
	Name            string
	HardwareAddress string // empty: it has none
	Addresses       []netip.Prefix
}

// netInterfaces lists the network interfaces.
func netInterfaces() ([]NetInterface, error) {
	all, err := net.Interfaces()
	if err != nil {
		return nil, err
	}
	var list []NetInterface
	for _, i := range all {
		addrs, err := i.Addrs()
		if err != nil {
			continue // it has gone meanwhile
		}
		n := NetInterface{Name: i.Name, HardwareAddress: i.HardwareAddr.String()}
		for _, a := range addrs {
			if p, err := netip.ParsePrefix(a.String()); err == nil {
				n.Addresses = append(n.Addresses, netip.PrefixFrom(p.Addr().Unmap(), p.Bits()))
			}
		}
		list = append(list, n)
	}
	return list, nil
}

// NoInterfaces lists no network interfaces, where the name of none is to be found.
func NoInterfaces() ([]NetInterface, error) { return nil, nil }

// An InterfaceNames finds the interface that has an address. It looks once: the
// interfaces of a run are those at its first result.
type InterfaceNames struct {
	List   func() ([]NetInterface, error)
	looked bool
	found  []NetInterface

	last netip.Addr // asked for, and what was found
	name string
}

// Of returns the name of the interface with that address; empty: none is known.
func (n *InterfaceNames) Of(addr netip.Addr) string {
	if !addr.IsValid() {
		return ""
	}
	if addr.Zone() != "" {
		return addr.Zone()
	}
	if !n.looked {
		n.looked = true
		n.found, _ = n.List() // it is told where known
	}
	if addr != n.last {
		n.last, n.name = addr, n.search(addr)
	}
	return n.name
}

func (n *InterfaceNames) search(addr netip.Addr) string {
	for _, i := range n.found {
		for _, p := range i.Addresses {
			// All of 127.0.0.0/8 is the loopback interface's.
			if p.Addr() == addr || addr.IsLoopback() && p.Contains(addr) {
				return i.Name
			}
		}
	}
	return ""
}
