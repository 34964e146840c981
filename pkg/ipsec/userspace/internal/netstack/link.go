package netstack

import (
	"sync"

	"gvisor.dev/gvisor/pkg/buffer"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
)

// A link is what the stack takes for a network interface. In both directions it passes
// the segments of one connection and drops everything else, so that the stack answers
// nothing but that connection.
type link struct {
	packets Packets
	out     Flow
	mtu     uint32

	mu         sync.RWMutex
	dispatcher stack.NetworkDispatcher // guarded by mu; nil: the stack has ended
}

// WritePackets sends what the stack wants sent. A packet that cannot be sent is lost, as
// on any network.
func (l *link) WritePackets(list stack.PacketBufferList) (int, tcpip.Error) {
	for _, p := range list.AsSlice() {
		v := p.ToView()
		if packet, _, ok := l.out.Segment(v.AsSlice()); ok {
			_ = l.packets.Send(packet)
		}
		v.Release()
	}
	return list.Len(), nil
}

// receive takes a packet from the peer.
func (l *link) receive(packet []byte) {
	packet, _, ok := l.out.Reverse().Segment(packet)
	if !ok {
		return
	}
	protocol := tcpip.NetworkProtocolNumber(ipv4.ProtocolNumber)
	if l.out.From.Addr().Is6() {
		protocol = ipv6.ProtocolNumber
	}
	l.mu.RLock()
	d := l.dispatcher
	l.mu.RUnlock()
	if d == nil {
		return
	}
	p := stack.NewPacketBuffer(stack.PacketBufferOptions{Payload: buffer.MakeWithData(packet)})
	d.DeliverNetworkPacket(protocol, p)
	p.DecRef()
}

// Attach is called with nil when the stack ends.
func (l *link) Attach(d stack.NetworkDispatcher) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.dispatcher = d
}

// IsAttached reports whether the stack takes packets.
func (l *link) IsAttached() bool {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.dispatcher != nil
}

// MTU returns how long an IP packet may be.
func (l *link) MTU() uint32 { return l.mtu }

// The rest is for links that have addresses, headers or goroutines.

func (*link) SetMTU(uint32)                                {}
func (*link) MaxHeaderLength() uint16                      { return 0 }
func (*link) LinkAddress() tcpip.LinkAddress               { return "" }
func (*link) SetLinkAddress(tcpip.LinkAddress)             {}
func (*link) Capabilities() stack.LinkEndpointCapabilities { return 0 }
func (*link) Wait()                                        {}
func (*link) ARPHardwareType() header.ARPHardwareType      { return header.ARPHardwareNone }
func (*link) AddHeader(*stack.PacketBuffer)                {}
func (*link) ParseHeader(*stack.PacketBuffer) bool         { return true }
func (*link) Close()                                       {}
func (*link) SetOnCloseAction(func())                      {}
