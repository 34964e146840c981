package userspace

import (
	"context"
	"net"
	"net/netip"
	"syscall"
)

// receiveBuffer is how many bytes the kernel is asked to keep of what has come and was
// not read yet. It may grant less.
const receiveBuffer = 1 << 20

// A socket is what a UDP socket does. It is not connected, since it talks to two ports
// of the peer.
type socket interface {
	ReadFromUDPAddrPort(b []byte) (int, netip.AddrPort, error)
	WriteToUDPAddrPort(b []byte, to netip.AddrPort) (int, error)
	Close() error
}

// listenUDP returns a socket that is bound to an address of this host and, where that is
// named, to a network interface.
func listenUDP(ctx context.Context, source netip.Addr, device string) (socket, error) {
	network := "udp4"
	if source.Is6() {
		network = "udp6"
	}
	var lc net.ListenConfig
	if device != "" {
		lc.Control = func(_, _ string, c syscall.RawConn) error { return bindToDevice(c, device) }
	}
	pc, err := lc.ListenPacket(ctx, network, netip.AddrPortFrom(source, 0).String())
	if err != nil {
		return nil, err
	}
	s := pc.(*net.UDPConn)
	_ = s.SetReadBuffer(receiveBuffer)
	return s, nil
}
