//go:build !linux

package initiator

import (
	"net"
	"net/netip"
)

// dialDirect connects to dst from wherever routing says.
func dialDirect(b *budget, dst netip.AddrPort) (net.Conn, error) {
	d := net.Dialer{KeepAlive: -1}
	return d.DialContext(b.ctx, "tcp", dst.String())
}
