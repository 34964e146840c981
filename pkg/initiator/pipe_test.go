package initiator_test

import (
	"context"
	"net"
	"net/netip"
	"testing"

	"github.com/go-iscsi/discovery/test/iscsitest"
)

type netConn = net.Conn

// pipes returns a Dial that serves each connection in memory.
func pipes(t *testing.T, h iscsitest.Handler) func(context.Context, netip.Addr, netip.AddrPort) (net.Conn, error) {
	return func(context.Context, netip.Addr, netip.AddrPort) (net.Conn, error) {
		return iscsitest.Pipe(t, h), nil
	}
}
