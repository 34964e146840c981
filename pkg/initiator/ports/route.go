package ports

import (
	"context"
	"errors"
	"fmt"
	"math/bits"
	"net"
	"net/netip"
	"syscall"

	"github.com/go-iscsi/discovery/pkg/initiator/internal/zone"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
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

// lacksDescriptor reports an error that says nothing of a route: this process, or the
// system, has no file descriptor for the socket by which to ask.
func lacksDescriptor(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)
}

// portOf is what an error is about where no port of an instance was picked.
func portOf(instance string) string {
	if instance == "" {
		return "initiator port"
	}
	return "initiator port of instance " + instance
}

func noRoute(instance string, dst netip.Addr) error {
	return &isdsc.Error{Code: isdsc.ConnectionFailed, What: portOf(instance), Reason: fmt.Sprintf("none has a route to %s", dst), Err: syscall.ENETUNREACH}
}

// notLookedUp is the error where a route could not be looked up.
func notLookedUp(instance string, dst netip.Addr, err error) error {
	return &isdsc.Error{Code: isdsc.ConnectionFailed, What: portOf(instance), Reason: fmt.Sprintf("the route to %s cannot be looked up: %v", dst, err), Err: err}
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
