package netstack

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/adapters/gonet"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
)

// The receive buffer of a connection, in bytes.
const (
	maxReceive     = 1 << 20
	defaultReceive = 256 << 10
	minReceive     = 4 << 10
)

const nic = 1

// Dial makes a TCP connection from local to remote, whose packets have mtu bytes at most.
// Both ports are given, and the addresses are unmapped and of one family. The error is a
// *net.OpError as package net has it, of a refusal one that is syscall.ECONNREFUSED, and
// of a context that ended one of os.ErrDeadlineExceeded or the cause.
func Dial(ctx context.Context, p Packets, local, remote netip.AddrPort, mtu int) (*Conn, error) {
	c := &Conn{flow: Flow{From: local, To: remote}}
	s, err := newStack(&link{packets: p, out: c.flow, mtu: uint32(mtu)}, local.Addr())
	if err != nil {
		return nil, c.wrap("dial", err)
	}
	c.stack = s
	protocol, _ := family(local.Addr())
	c.tcp, err = gonet.DialTCPWithBind(ctx, s, full(local), full(remote), protocol)
	if err != nil {
		s.Destroy()
		if ctx.Err() != nil {
			err = context.Cause(ctx)
			if errors.Is(err, context.DeadlineExceeded) {
				err = os.ErrDeadlineExceeded
			}
		}
		return nil, &net.OpError{Op: "dial", Net: "tcp", Source: c.LocalAddr(), Addr: c.RemoteAddr(), Err: bare("connect", err)}
	}
	return c, nil
}

// newStack returns a stack with one link and one address. It forwards nothing, and asks
// for no neighbors.
func newStack(l *link, local netip.Addr) (*stack.Stack, error) {
	protocol, factory := family(local)
	s := stack.New(stack.Options{
		NetworkProtocols:   []stack.NetworkProtocolFactory{factory},
		TransportProtocols: []stack.TransportProtocolFactory{tcp.NewProtocol},
	})
	sack, size := tcpip.TCPSACKEnabled(true), tcpip.TCPReceiveBufferSizeRangeOption{Min: minReceive, Default: defaultReceive, Max: maxReceive}
	address := tcpip.ProtocolAddress{Protocol: protocol, AddressWithPrefix: tcpip.AddrFromSlice(local.AsSlice()).WithPrefix()}
	for _, step := range []func() tcpip.Error{
		func() tcpip.Error { return s.SetTransportProtocolOption(tcp.ProtocolNumber, &sack) },
		func() tcpip.Error { return s.SetTransportProtocolOption(tcp.ProtocolNumber, &size) },
		func() tcpip.Error { return s.CreateNIC(nic, l) },
		func() tcpip.Error { return s.AddProtocolAddress(nic, address, stack.AddressProperties{}) },
	} {
		if err := step(); err != nil {
			s.Destroy()
			return nil, errors.New(err.String())
		}
	}
	all := tcpip.AddressWithPrefix{Address: tcpip.AddrFromSlice(make([]byte, local.BitLen()/8))}.Subnet()
	s.SetRouteTable([]tcpip.Route{{Destination: all, NIC: nic}})
	l.packets.Receive(l.receive)
	return s, nil
}

// family returns the protocol of an address. A loopback address is as good as any: the
// link passes nothing but the connection.
func family(a netip.Addr) (tcpip.NetworkProtocolNumber, stack.NetworkProtocolFactory) {
	if a.Is4() {
		return ipv4.ProtocolNumber, ipv4.NewProtocolWithOptions(ipv4.Options{AllowExternalLoopbackTraffic: true})
	}
	return ipv6.ProtocolNumber, ipv6.NewProtocolWithOptions(ipv6.Options{AllowExternalLoopbackTraffic: true})
}

func full(a netip.AddrPort) tcpip.FullAddress {
	return tcpip.FullAddress{NIC: nic, Addr: tcpip.AddrFromSlice(a.Addr().AsSlice()), Port: a.Port()}
}
