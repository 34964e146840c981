package netns

import (
	"context"
	"fmt"
	"net"
	"net/netip"
)

// Dial opens a TCP connection from the namespace. The source may be the zero
// value, or its port zero: then the system chooses.
func (n *Namespace) Dial(ctx context.Context, source, to netip.AddrPort) (net.Conn, error) {
	var d net.Dialer
	if source.IsValid() {
		d.LocalAddr = net.TCPAddrFromAddrPort(source)
	}
	return n.dial(ctx, &d, "tcp", to)
}

// DialContext is like net.Dialer's method, for use where a dialer is a field,
// but takes an address and a port only, no names.
func (n *Namespace) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return nil, fmt.Errorf("netns: dial: %w", err)
	}
	return n.dial(ctx, &net.Dialer{}, network, to)
}

// Listen listens on an address of the namespace; on a free port where the port
// is zero.
func (n *Namespace) Listen(ctx context.Context, at netip.AddrPort) (net.Listener, error) {
	var l net.Listener
	err := n.Do(func() (err error) {
		l, err = new(net.ListenConfig).Listen(ctx, "tcp", at.String())
		return err
	})
	if err != nil {
		return nil, err
	}
	return l, nil
}

// dial has the dialer make its socket on a thread in the namespace. That is so
// for one literal address; a name would be looked up, and its addresses raced,
// on other threads.
func (n *Namespace) dial(ctx context.Context, d *net.Dialer, network string, to netip.AddrPort) (net.Conn, error) {
	var conn net.Conn
	err := n.Do(func() (err error) {
		conn, err = d.DialContext(ctx, network, to.String())
		return err
	})
	if err != nil {
		return nil, err
	}
	return conn, nil
}
