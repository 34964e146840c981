//go:build !linux

package dial

import (
	"context"
	"net"
	"net/netip"
)

// Direct connects to dst from wherever routing says.
func Direct(ctx context.Context, _ watchFunc, dst netip.AddrPort) (net.Conn, error) {
	d := net.Dialer{KeepAlive: -1}
	return d.DialContext(ctx, "tcp", dst.String())
}
