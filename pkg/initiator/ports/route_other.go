//go:build !linux

package ports

import (
	"context"
	"net/netip"
)

// kernelRoute asks the kernel which way a TCP connection to dst takes: from
// source, where that is valid, or from whatever address the kernel picks.
func kernelRoute(ctx context.Context, source netip.Addr, dst netip.AddrPort) (way, error) {
	return socketRoute(ctx, source, dst)
}
