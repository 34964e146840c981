package initiator

import (
	"context"
	"net"
	"net/netip"
	"syscall"
)

// dialTCP connects from source, where that is valid, through the network
// interface device, where that is named, to dst.
func dialTCP(ctx context.Context, clock *budget, source netip.Addr, device string, dst netip.AddrPort) (net.Conn, error) {
	source, dst, err := indexed(source, dst)
	if err != nil {
		return nil, err
	}
	if !source.IsValid() {
		return dialDirect(clock, dst)
	}
	// A discovery is over before the first keep-alive would be due.
	d := net.Dialer{KeepAlive: -1, LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(source, 0))}
	d.ControlContext = func(_ context.Context, _, _ string, c syscall.RawConn) error {
		return control(c, device)
	}
	return d.DialContext(ctx, "tcp", dst.String())
}

// localAddr returns our address of a connection; invalid where it has none that
// is an IP address (a pipe).
func localAddr(c net.Conn) netip.Addr {
	if c, ok := c.(interface{ localAddr() netip.Addr }); ok {
		return c.localAddr().Unmap()
	}
	if a, ok := c.LocalAddr().(*net.TCPAddr); ok {
		return a.AddrPort().Addr().Unmap()
	}
	return netip.Addr{}
}
