//go:build !linux

package initiator

import (
	"context"
	"net"
	"net/netip"
)

// dialDirect connects to dst from wherever routing says.
func dialDirect(ctx context.Context, _ watchFunc, dst netip.AddrPort) (net.Conn, error) {
	d := net.Dialer{KeepAlive: -1}
	return d.DialContext(ctx, "tcp", dst.String())
}
