package userspace

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/internal/esp"
	"github.com/go-iscsi/discovery/internal/ike"
	"github.com/go-iscsi/discovery/internal/iketest"
	"github.com/go-iscsi/discovery/pkg/ipsec/userspace/internal/netstack"
	"github.com/go-iscsi/discovery/pkg/ipsec/userspace/internal/netstack/netstacktest"
)

// A peerHost is a peer in memory: IKE of iketest, ESP, and a TCP server. It is the
// netstack.Packets of that server.
type peerHost struct {
	addr netip.Addr

	mu      sync.Mutex
	peer    iketest.Peer // guarded by mu, as what follows
	portal  netip.AddrPort
	sockets map[*fakeSocket]bool // that are open
	pairs   map[uint32]*peerPair // by the SPI that the peer receives by
	deliver func([]byte)
	left    int                                      // datagrams that came
	mute    bool                                     // it answers nothing
	lossy   func(toPeer bool, b []byte) (copies int) // nil: 1
}

// A peerPair is what the peer has of one connection.
type peerPair struct {
	iketest.Child
	opener *esp.Opener
	sealer *esp.Sealer
	socket *fakeSocket
	number int
}

// A fakeSocket is the UDP socket of an Enforcer.
type fakeSocket struct {
	host   *peerHost
	in     chan fakeDatagram
	closed chan struct{}
	once   sync.Once
}

type fakeDatagram struct {
	b    []byte
	from netip.AddrPort
}

func newPeerHost(peer iketest.Peer, portal netip.AddrPort) *peerHost {
	return &peerHost{addr: portal.Addr(), peer: peer, portal: portal, sockets: map[*fakeSocket]bool{}, pairs: map[uint32]*peerPair{}}
}

// serve has the peer's TCP server use connections.
func (h *peerHost) serve(t testing.TB, serve func(net.Conn)) {
	t.Helper()
	stop, err := netstacktest.Serve(h, h.portal, serve)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
}

func echo(nc net.Conn) { _, _ = io.Copy(nc, nc) }

// listen is Enforcer.listen.
func (h *peerHost) listen(context.Context, netip.Addr, string) (socket, error) {
	s := &fakeSocket{host: h, in: make(chan fakeDatagram, 4096), closed: make(chan struct{})}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sockets[s], h.mute = true, false
	return s, nil
}

func (s *fakeSocket) ReadFromUDPAddrPort(b []byte) (int, netip.AddrPort, error) {
	select {
	case d := <-s.in:
		return copy(b, d.b), d.from, nil
	case <-s.closed:
		return 0, netip.AddrPort{}, net.ErrClosed
	}
}

func (s *fakeSocket) WriteToUDPAddrPort(b []byte, to netip.AddrPort) (int, error) {
	s.host.mu.Lock()
	defer s.host.mu.Unlock()
	s.host.left++
	for range s.host.copies(true, b) {
		if to.Addr() == s.host.addr {
			s.host.receive(s, bytes.Clone(b), to.Port())
		}
	}
	return len(b), nil
}

func (s *fakeSocket) Close() error {
	s.once.Do(func() {
		s.host.mu.Lock()
		defer s.host.mu.Unlock()
		delete(s.host.sockets, s)
		close(s.closed)
	})
	return nil
}

func (h *peerHost) copies(toPeer bool, b []byte) int {
	if h.lossy == nil {
		return 1
	}
	return h.lossy(toPeer, b)
}

// answer sends a datagram to a socket. h.mu is held.
func (h *peerHost) answer(s *fakeSocket, b []byte, port uint16) {
	for range h.copies(false, b) {
		select {
		case s.in <- fakeDatagram{bytes.Clone(b), netip.AddrPortFrom(h.addr, port)}:
		default:
		}
	}
}

// receive takes a datagram. h.mu is held.
func (h *peerHost) receive(s *fakeSocket, b []byte, port uint16) {
	switch {
	case h.mute:
	case port == ike.Port:
		h.receiveIKE(s, ike.Datagram{Port: port, Data: b})
	case len(b) > 4 && binary.BigEndian.Uint32(b) == 0:
		h.receiveIKE(s, ike.Datagram{Port: port, Data: b[4:]})
	case len(b) > 4:
		h.receiveESP(b)
	}
}

func (h *peerHost) receiveIKE(s *fakeSocket, d ike.Datagram) {
	h.say(s, h.peer.Receive(time.Now(), d)...)
}

// say sends IKE messages of the peer. h.mu is held.
func (h *peerHost) say(s *fakeSocket, messages ...ike.Datagram) {
	h.adopt(s)
	for _, d := range messages {
		data := d.Data
		if d.Port == ike.NATTPort {
			data = append(make([]byte, 4), data...)
		}
		h.answer(s, data, d.Port)
	}
}

// adopt takes over the security associations that the peer has made, and lets go of those
// that are gone. h.mu is held.
func (h *peerHost) adopt(s *fakeSocket) {
	children := h.peer.Children()
	for _, c := range children {
		if h.pairs[c.In.SPI] != nil {
			continue
		}
		p := &peerPair{Child: c, socket: s, number: len(h.pairs)}
		var err1, err2 error
		p.opener, err1 = esp.NewOpener(esp.Config{SPI: c.In.SPI, Suite: c.Suite, Key: c.In.Key})
		p.sealer, err2 = esp.NewSealer(esp.Config{SPI: c.Out.SPI, Suite: c.Suite, Key: c.Out.Key}, rand.Reader)
		if err1 != nil || err2 != nil {
			panic("the test's peer has no keys")
		}
		h.pairs[c.In.SPI] = p
	}
	for spi := range h.pairs {
		if !slices.ContainsFunc(children, func(c iketest.Child) bool { return c.In.SPI == spi }) {
			delete(h.pairs, spi)
		}
	}
}

func (h *peerHost) receiveESP(b []byte) {
	p := h.pairs[binary.BigEndian.Uint32(b)]
	if p == nil || h.deliver == nil {
		return
	}
	payload, _, err := p.opener.Open(b)
	if err != nil {
		return
	}
	if !p.Tunnel {
		from := netip.AddrPortFrom(p.Initiator.Addr(), binary.BigEndian.Uint16(payload))
		payload, _ = netstack.Flow{From: from, To: h.portal}.AppendPacket(nil, payload)
	}
	h.deliver(bytes.Clone(payload))
}

// Receive implements netstack.Packets.
func (h *peerHost) Receive(deliver func([]byte)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.deliver = deliver
}

// Send implements netstack.Packets: it answers under the newest security associations for
// the port that the packet goes to.
func (h *peerHost) Send(packet []byte) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	header, next := 20, esp.NextIPv4
	if packet[0]>>4 == 6 {
		header, next = 40, esp.NextIPv6
	}
	port := binary.BigEndian.Uint16(packet[header+2:])
	var newest *peerPair
	for _, c := range h.peer.Children() {
		if p := h.pairs[c.In.SPI]; p != nil && (c.Initiator.Port() == port || c.Initiator.Port() == 0) {
			newest = p
		}
	}
	if newest != nil {
		h.seal(newest, packet, header, next)
	}
	return nil
}

// seal sends an IP packet under a pair. h.mu is held.
func (h *peerHost) seal(p *peerPair, packet []byte, header int, next uint8) {
	if !p.Tunnel {
		packet, next = bytes.Clone(packet[header:]), esp.NextTCP
		packet[16] ^= 0x55 // the checksum is of the addresses before a NAT
	} else {
		packet = append(bytes.Clone(packet), make([]byte, 7)...) // padding that hides the length
	}
	b, err := p.sealer.Seal(nil, packet, next)
	if err == nil {
		h.answer(p.socket, b, ike.NATTPort)
	}
}

// state returns how many sockets and pairs there are, and how many datagrams came.
func (h *peerHost) state() (sockets, pairs, left int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.sockets), len(h.pairs), h.left
}
