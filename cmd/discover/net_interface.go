package main

import (
	"net"
	"net/netip"
)

// A netInterface is a network interface and its addresses.
type netInterface struct {
	name      string
	addresses []netip.Prefix
}

// netInterfaces lists the network interfaces.
func netInterfaces() ([]netInterface, error) {
	all, err := net.Interfaces()
	if err != nil {
		return nil, err
	}
	var list []netInterface
	for _, i := range all {
		addrs, err := i.Addrs()
		if err != nil {
			continue // it has gone meanwhile
		}
		n := netInterface{name: i.Name}
		for _, a := range addrs {
			if p, err := netip.ParsePrefix(a.String()); err == nil {
				n.addresses = append(n.addresses, netip.PrefixFrom(p.Addr().Unmap(), p.Bits()))
			}
		}
		list = append(list, n)
	}
	return list, nil
}

// An interfaceNames finds the interface that has an address. It looks once: the
// interfaces of a run are those at its first result.
type interfaceNames struct {
	list   func() ([]netInterface, error)
	looked bool
	found  []netInterface

	last netip.Addr // asked for, and what was found
	name string
}

// of returns the name of the interface with that address; empty: none is known.
func (n *interfaceNames) of(addr netip.Addr) string {
	if !addr.IsValid() {
		return ""
	}
	if addr.Zone() != "" {
		return addr.Zone()
	}
	if !n.looked {
		n.looked = true
		n.found, _ = n.list() // it is told where known
	}
	if addr != n.last {
		n.last, n.name = addr, n.search(addr)
	}
	return n.name
}

func (n *interfaceNames) search(addr netip.Addr) string {
	for _, i := range n.found {
		for _, p := range i.addresses {
			// All of 127.0.0.0/8 is the loopback interface's.
			if p.Addr() == addr || addr.IsLoopback() && p.Contains(addr) {
				return i.name
			}
		}
	}
	return ""
}
