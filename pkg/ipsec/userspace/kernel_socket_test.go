package userspace

import (
	"context"
	"net"
	"net/netip"
	"sync"

	"github.com/go-iscsi/discovery/internal/ike"
)

// A kernelSocket is a socket of the Enforcer as it is, and two of the peer on the
// loopback: what is written passes the kernel, with its limits and what it costs.
type kernelSocket struct {
	socket
	fake *fakeSocket
	far  map[uint16]*net.UDPConn // by the port that they stand for
	wait sync.WaitGroup
}

// listenKernel is Enforcer.listen of a world whose datagrams pass the kernel.
func (h *peerHost) listenKernel(ctx context.Context, source netip.Addr, _ string) (socket, error) {
	near, err := listenUDP(ctx, source, "")
	if err != nil {
		return nil, err
	}
	fake, _ := h.listen(ctx, source, "")
	s := &kernelSocket{socket: near, fake: fake.(*fakeSocket), far: map[uint16]*net.UDPConn{}}
	to := near.(*net.UDPConn).LocalAddr().(*net.UDPAddr).AddrPort()
	for _, port := range []uint16{ike.Port, ike.NATTPort} {
		far, err := listenUDP(ctx, source, "")
		if err != nil {
			return nil, err
		}
		s.far[port] = far.(*net.UDPConn)
	}
	s.wait.Go(func() { s.send(to) })
	for port := range s.far {
		s.wait.Go(func() { s.receive(port) })
	}
	return s, nil
}

// send sends what the peer says.
func (s *kernelSocket) send(to netip.AddrPort) {
	b := make([]byte, maxDatagram)
	for {
		n, from, err := s.fake.ReadFromUDPAddrPort(b)
		if err != nil {
			return
		}
		_, _ = s.far[from.Port()].WriteToUDPAddrPort(b[:n], to)
	}
}

// receive has the peer take what comes to a port.
func (s *kernelSocket) receive(port uint16) {
	b := make([]byte, maxDatagram)
	for {
		n, _, err := s.far[port].ReadFromUDPAddrPort(b)
		if err != nil {
			return
		}
		_, _ = s.fake.WriteToUDPAddrPort(b[:n], netip.AddrPortFrom(s.fake.host.addr, port))
	}
}

func (s *kernelSocket) WriteToUDPAddrPort(b []byte, to netip.AddrPort) (int, error) {
	return s.socket.WriteToUDPAddrPort(b, s.address(to.Port()))
}

func (s *kernelSocket) ReadFromUDPAddrPort(b []byte) (int, netip.AddrPort, error) {
	n, from, err := s.socket.ReadFromUDPAddrPort(b)
	for port := range s.far {
		if s.address(port) == from {
			from = netip.AddrPortFrom(s.fake.host.addr, port)
		}
	}
	return n, from, err
}

// address returns where the peer's port is.
func (s *kernelSocket) address(port uint16) netip.AddrPort {
	return s.far[port].LocalAddr().(*net.UDPAddr).AddrPort()
}

func (s *kernelSocket) Close() error {
	err := s.socket.Close()
	_ = s.fake.Close()
	for _, far := range s.far {
		_ = far.Close()
	}
	s.wait.Wait()
	return err
}
