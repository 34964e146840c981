package ipsec_test

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vishvananda/netlink"

	"github.com/go-iscsi/discovery/internal/need"
	"github.com/go-iscsi/discovery/test/iscsitest"
	"github.com/go-iscsi/discovery/test/netns"
)

const (
	limit          = 30 * time.Second // for what should happen at once, on a busy machine as well
	silenceTimeout = 4 * time.Second  // for a peer that does not answer
)

// numbers keep the worlds of a test program apart.
var numbers atomic.Int32

// A world is this host, where the test program is, and a target behind a cable.
type world struct {
	target *netns.Namespace
	cable  string // this host's end, and the target's
	source netip.Addr
	portal netip.AddrPort
}

// newWorld makes a world of IPv4 or IPv6, with a target that lists one name.
func newWorld(t *testing.T, v6 bool) *world {
	t.Helper()
	need.Root(t)
	if !netns.Isolated() {
		t.Fatal("the test program is not in a network namespace of its own")
	}
	n := numbers.Add(1)
	w := &world{target: netns.New(t), cable: fmt.Sprintf("cable%d", n)}
	near, far := netip.AddrFrom4([4]byte{10, 77, byte(n), 1}), netip.AddrFrom4([4]byte{10, 77, byte(n), 2})
	bits := 24
	if v6 {
		need.IPv6(t)
		near, far = netip.MustParseAddr(fmt.Sprintf("fd77:%x::1", n)), netip.MustParseAddr(fmt.Sprintf("fd77:%x::2", n))
		bits = 64
	}
	w.source = near
	w.connect(t)
	addAddress(t, w.cable, netip.PrefixFrom(near, bits))
	w.target.AddAddress(t, w.cable, netip.PrefixFrom(far, bits))
	w.portal = w.serve(t, far)
	return w
}

// connect lays the cable. It is gone with the target's namespace, at the latest.
func (w *world) connect(t *testing.T) {
	t.Helper()
	if err := os.WriteFile("/proc/sys/net/ipv6/conf/default/accept_dad", []byte("0"), 0); err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	here, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	defer here.Close()
	err = w.target.Do(func() error {
		attrs := netlink.NewLinkAttrs()
		attrs.Name = w.cable
		return netlink.LinkAdd(&netlink.Veth{LinkAttrs: attrs, PeerName: w.cable, PeerNamespace: netlink.NsFd(here.Fd())})
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if link, err := netlink.LinkByName(w.cable); err == nil {
			_ = netlink.LinkDel(link)
		}
	})
	link, err := netlink.LinkByName(w.cable)
	if err == nil {
		err = netlink.LinkSetUp(link)
	}
	if err != nil {
		t.Fatal(err)
	}
	w.target.Up(t, w.cable)
	for start := time.Now(); link.Attrs().OperState != netlink.OperUp; {
		if time.Since(start) > limit {
			t.Fatal("the cable has no carrier")
		}
		if link, err = netlink.LinkByName(w.cable); err != nil {
			t.Fatal(err)
		}
	}
}

func addAddress(t *testing.T, name string, p netip.Prefix) {
	t.Helper()
	link, err := netlink.LinkByName(name)
	if err == nil {
		err = netlink.AddrAdd(link, &netlink.Addr{IPNet: ipNet(p)})
	}
	if err != nil {
		t.Fatalf("%s: %s: %v", name, p, err)
	}
}

// ipNet puts a prefix into netlink's terms, without masking.
func ipNet(p netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}

// disk is what the target lists.
const disk = "iqn.2026-11.com.example:disk1"

// serve serves a discovery target on an address of the target's namespace.
func (w *world) serve(t *testing.T, addr netip.Addr) netip.AddrPort {
	t.Helper()
	l, err := w.target.Listen(t.Context(), netip.AddrPortFrom(addr, 0))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	target := &iscsitest.Target{Records: []iscsitest.Record{{Name: disk}}}
	go func() {
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			go target.Serve(nc)
		}
	}()
	return netip.MustParseAddrPort(l.Addr().String())
}

// plain dials as a program does that knows nothing of IPsec.
func (w *world) plain(t *testing.T, patience time.Duration) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	d := net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(w.source, 0))}
	nc, err := d.DialContext(ctx, "tcp", w.portal.String())
	if err == nil {
		nc.Close()
	}
	return err
}
