// Package netstacktest has the other end of the connections of package netstack, for
// tests: a TCP server over packets.
package netstacktest

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"

	"gvisor.dev/gvisor/pkg/buffer"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/adapters/gonet"
	"gvisor.dev/gvisor/pkg/tcpip/link/channel"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"

	"github.com/go-iscsi/discovery/pkg/ipsec/userspace/internal/netstack"
)

const (
	nic   = 1
	mtu   = 1280
	queue = 4096 // packets that were not sent yet
)

// Serve takes the TCP connections that come to an address, and has serve use each, in a
// goroutine of its own, until stop is called. stop waits for those goroutines.
func Serve(p netstack.Packets, at netip.AddrPort, serve func(net.Conn)) (stop func(), err error) {
	protocol := tcpip.NetworkProtocolNumber(ipv4.ProtocolNumber)
	if at.Addr().Is6() {
		protocol = ipv6.ProtocolNumber
	}
	s, link, err := newStack(protocol, at.Addr())
	if err != nil {
		return nil, err
	}
	l, err := gonet.ListenTCP(s, tcpip.FullAddress{NIC: nic, Addr: tcpip.AddrFromSlice(at.Addr().AsSlice()), Port: at.Port()}, protocol)
	if err != nil {
		s.Destroy()
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { send(ctx, link, p) })
	running.Go(func() { accept(l, &running, serve) })
	p.Receive(func(packet []byte) {
		b := stack.NewPacketBuffer(stack.PacketBufferOptions{Payload: buffer.MakeWithData(packet)})
		link.InjectInbound(protocol, b)
		b.DecRef()
	})
	return func() {
		l.Shutdown()
		_ = l.Close()
		s.Close() // ends the connections, and what waits for them
		cancel()
		running.Wait()
		s.Wait()
	}, nil
}

func newStack(protocol tcpip.NetworkProtocolNumber, at netip.Addr) (*stack.Stack, *channel.Endpoint, error) {
	s := stack.New(stack.Options{
		NetworkProtocols: []stack.NetworkProtocolFactory{
			ipv4.NewProtocolWithOptions(ipv4.Options{AllowExternalLoopbackTraffic: true}),
			ipv6.NewProtocolWithOptions(ipv6.Options{AllowExternalLoopbackTraffic: true}),
		},
		TransportProtocols: []stack.TransportProtocolFactory{tcp.NewProtocol},
	})
	link := channel.New(queue, mtu, "")
	address := tcpip.ProtocolAddress{Protocol: protocol, AddressWithPrefix: tcpip.AddrFromSlice(at.AsSlice()).WithPrefix()}
	sack := tcpip.TCPSACKEnabled(true)
	for _, step := range []func() tcpip.Error{
		func() tcpip.Error { return s.SetTransportProtocolOption(tcp.ProtocolNumber, &sack) },
		func() tcpip.Error { return s.CreateNIC(nic, link) },
		func() tcpip.Error { return s.AddProtocolAddress(nic, address, stack.AddressProperties{}) },
	} {
		if err := step(); err != nil {
			s.Destroy()
			return nil, nil, errors.New(err.String())
		}
	}
	all := tcpip.AddressWithPrefix{Address: tcpip.AddrFromSlice(make([]byte, at.BitLen()/8))}.Subnet()
	s.SetRouteTable([]tcpip.Route{{Destination: all, NIC: nic}})
	return s, link, nil
}

// send passes on what the stack sends.
func send(ctx context.Context, link *channel.Endpoint, p netstack.Packets) {
	for b := link.ReadContext(ctx); b != nil; b = link.ReadContext(ctx) {
		v := b.ToView()
		_ = p.Send(v.AsSlice())
		v.Release()
		b.DecRef()
	}
}

func accept(l *gonet.TCPListener, running *sync.WaitGroup, serve func(net.Conn)) {
	for {
		nc, err := l.Accept()
		if err != nil {
			return
		}
		running.Go(func() {
			defer nc.Close()
			serve(nc)
		})
	}
}
