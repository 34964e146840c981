package initiator

import (
	"context"
	"net"
	"net/netip"
)

// dialTCP connects from source, where that is valid, to dst.
func dialTCP(ctx context.Context, source netip.Addr, dst netip.AddrPort) (net.Conn, error) {
	// A discovery is over before the first keep-alive would be due.
	d := net.Dialer{KeepAliveConfig: net.KeepAliveConfig{Enable: false}, KeepAlive: -1}
	if source.IsValid() {
		d.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(source, 0))
		d.ControlContext = bindLate
	}
	return d.DialContext(ctx, "tcp", dst.String())
}

// localAddr returns our address of a connection; invalid where it has none that
// is an IP address (a pipe).
func localAddr(c net.Conn) netip.Addr {
	if a, ok := c.LocalAddr().(*net.TCPAddr); ok {
		return a.AddrPort().Addr().Unmap()
	}
	return netip.Addr{}
}
