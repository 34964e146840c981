package ports

import (
	"context"
	"math/bits"
	"net"
	"net/netip"

	"github.com/go-iscsi/discovery/pkg/initiator/internal/zone"
)

// A way is how packets to a destination leave this host.
type way struct {
	source netip.Addr // link-local IPv6 with its zone
	device int        // index of the network interface; 0: not known
}

// leavesBy reports whether packets that go this way leave by an interface.
func (w way) leavesBy(name string) bool {
	if w.device == 0 || name == "" {
		return false
	}
	i, err := net.InterfaceByIndex(w.device)
	return err == nil && i.Name == name
}

// socketRoute asks the kernel in a way that every system has: a UDP socket that
// is connected has its source address chosen, and sends nothing. By which
// interface that is does not show, nor what a rule for TCP alone would say.
func socketRoute(ctx context.Context, source netip.Addr, dst netip.AddrPort) (way, error) {
	from, to, err := zone.Indexed(source, dst)
	if err != nil {
		return way{}, err
	}
	d := net.Dialer{}
	if from.IsValid() {
		d.LocalAddr = net.UDPAddrFromAddrPort(netip.AddrPortFrom(from, 0))
	}
	c, err := d.DialContext(ctx, "udp", to.String())
	if err != nil {
		return way{}, err
	}
	defer c.Close()
	addr := c.LocalAddr().(*net.UDPAddr).AddrPort().Addr().Unmap()
	if zone.Missing(addr) {
		addr = addr.WithZone(dst.Addr().Zone())
	}
	return way{source: addr}, nil
}

const maxBits = 128 // of an address

// commonBits returns how many bits two addresses of one family begin with in
// common.
func commonBits(a, b netip.Addr) int {
	x, y := a.AsSlice(), b.AsSlice()
	for i := range x {
		if d := x[i] ^ y[i]; d != 0 {
			return 8*i + bits.LeadingZeros8(d)
		}
	}
	return 8 * len(x)
}
