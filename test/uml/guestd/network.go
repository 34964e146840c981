//go:build linux

package main

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"

	"github.com/vishvananda/netlink"
)

// device is the network interface that ends at the test.
const device = "vec0"

// network brings the interfaces up. IPv6 addresses are good at once, without a
// look for others that have the same.
func network(addresses []netip.Prefix) error {
	for _, name := range []string{"default", device} {
		if err := os.WriteFile("/proc/sys/net/ipv6/conf/"+name+"/accept_dad", []byte("0"), 0); err != nil {
			return err
		}
	}
	if err := up("lo"); err != nil {
		return err
	}
	if err := up(device); err != nil {
		return err
	}
	link, err := netlink.LinkByName(device)
	if err != nil {
		return fmt.Errorf("%s: %w", device, err)
	}
	for _, p := range addresses {
		err := netlink.AddrAdd(link, &netlink.Addr{IPNet: &net.IPNet{
			IP:   p.Addr().AsSlice(),
			Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen()),
		}})
		if err != nil && !errors.Is(err, os.ErrExist) {
			return fmt.Errorf("%s: %s: %w", device, p, err)
		}
	}
	return nil
}

func up(name string) error {
	link, err := netlink.LinkByName(name)
	if err == nil {
		err = netlink.LinkSetUp(link)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}
