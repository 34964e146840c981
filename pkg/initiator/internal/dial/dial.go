package dial

import (
	"context"
	"net"
	"net/netip"
	"syscall"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator/internal/zone"
)

// TCP connects from source, where that is valid, through the network
// interface device, where that is named, to dst. While it waits for the handshake,
// watch has what it waits on.
func TCP(ctx context.Context, watch watchFunc, source netip.Addr, device string, dst netip.AddrPort) (net.Conn, error) {
	source, dst, err := zone.Indexed(source, dst)
	if err != nil {
		return nil, err
	}
	if !source.IsValid() {
		return Direct(ctx, watch, dst)
	}
	// A discovery is over before the first keep-alive would be due.
	d := net.Dialer{KeepAlive: -1, LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(source, 0))}
	d.ControlContext = func(_ context.Context, _, _ string, c syscall.RawConn) error {
		return control(c, device)
	}
	return d.DialContext(ctx, "tcp", dst.String())
}

// A watchFunc makes what is waited for on d fail once the time is over; nil ends that.
type watchFunc func(d Deadliner)

// A deadliner is a connection, or what becomes one.
type Deadliner interface{ SetDeadline(time.Time) error }

// LocalAddr returns our address of a connection; invalid where it has none that
// is an IP address (a pipe).
func LocalAddr(c net.Conn) netip.Addr {
	if c, ok := c.(interface{ localAddr() netip.Addr }); ok {
		return c.localAddr().Unmap()
	}
	if a, ok := c.LocalAddr().(*net.TCPAddr); ok {
		return a.AddrPort().Addr().Unmap()
	}
	return netip.Addr{}
}
