//go:build linux

package uml

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"testing"

	"github.com/vishvananda/netlink"

	"github.com/go-iscsi/discovery/internal/need"
)

// plug makes the test's end of a guest's network: an interface that is up before
// the guest's kernel opens it, since that gives up for ever where it cannot send.
// It is removed at the end of the test, or else with its namespace.
func plug(t testing.TB, cfg *Config) {
	t.Helper()
	made := func(name string) {
		t.Cleanup(func() {
			if err := cfg.Namespace.Do(func() error { return removeLink(name) }); err != nil {
				t.Error(err)
			}
		})
	}
	err := cfg.Namespace.Do(func() error { return addNetwork(cfg, made) })
	if err != nil {
		t.Fatal(err)
	}
}

// addNetwork adds interfaces to the namespace of the calling thread, and tells
// which it made.
func addNetwork(cfg *Config, made func(string)) error {
	attrs := netlink.NewLinkAttrs()
	attrs.Name = cfg.Bridge
	bridge := &netlink.Bridge{LinkAttrs: attrs}
	if cfg.Bridge != "" {
		switch err := netlink.LinkAdd(bridge); {
		case errors.Is(err, os.ErrExist): // an earlier guest's
			link, err := netlink.LinkByName(cfg.Bridge)
			if err != nil {
				return fmt.Errorf("uml: bridge %s: %w", cfg.Bridge, err)
			}
			bridge.Index = link.Attrs().Index
		case err != nil:
			return fmt.Errorf("uml: bridge %s: %w", cfg.Bridge, err)
		default:
			made(cfg.Bridge)
			if err := setUp(bridge, cfg.Near); err != nil {
				return err
			}
		}
	}
	attrs.Name = cfg.Interface
	tap := &netlink.Tuntap{LinkAttrs: attrs, Mode: netlink.TUNTAP_MODE_TAP, Flags: netlink.TUNTAP_NO_PI | netlink.TUNTAP_VNET_HDR}
	if err := netlink.LinkAdd(tap); err != nil {
		return fmt.Errorf("uml: TAP %s: %w", cfg.Interface, err)
	}
	made(cfg.Interface)
	// The guest's kernel drops frames that are larger than the wire takes, or,
	// where it is told not to, some of all frames for want of room.
	if err := netlink.LinkSetGSOMaxSegs(tap, 1); err != nil {
		return fmt.Errorf("uml: TAP %s: %w", cfg.Interface, err)
	}
	for _, fd := range tap.Fds {
		fd.Close()
	}
	if cfg.Bridge == "" {
		return setUp(tap, cfg.Near)
	}
	if err := netlink.LinkSetMaster(tap, bridge); err != nil {
		return fmt.Errorf("uml: %s: bridge %s: %w", cfg.Interface, cfg.Bridge, err)
	}
	return setUp(tap, nil)
}

// setUp brings an interface up, with addresses; IPv6 ones only where this host
// knows them.
func setUp(link netlink.Link, addresses []netip.Prefix) error {
	name := link.Attrs().Name
	for _, p := range addresses {
		if p.Addr().Is6() && !need.HasIPv6() {
			continue
		}
		err := netlink.AddrAdd(link, &netlink.Addr{IPNet: &net.IPNet{
			IP:   p.Addr().AsSlice(),
			Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen()),
		}})
		if err != nil {
			return fmt.Errorf("uml: %s: %s: %w", name, p, err)
		}
	}
	if err := netlink.LinkSetUp(link); err != nil {
		return fmt.Errorf("uml: %s: %w", name, err)
	}
	return nil
}

func removeLink(name string) error {
	link, err := netlink.LinkByName(name)
	if err == nil {
		err = netlink.LinkDel(link)
	}
	if err != nil {
		return fmt.Errorf("uml: %s: %w", name, err)
	}
	return nil
}
