package ipsec_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/go-iscsi/discovery/pkg/ipsec/enforce/enforcetest"
)

// A listener sees at once what leaves by an interface. A capture writes that to a file
// some time later, and shows what a tunnel was taken out of as if it had come so.
type listener struct {
	fd    int
	addrs []netip.Addr // what is sent to them counts
	left  enforcetest.Left
}

// listenOn begins to listen, until the end of the test.
func listenOn(t *testing.T, device string, addrs ...netip.Addr) *listener {
	t.Helper()
	i, err := net.InterfaceByName(device)
	if err != nil {
		t.Fatal(err)
	}
	all := binary.NativeEndian.Uint16(binary.BigEndian.AppendUint16(nil, unix.ETH_P_ALL))
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, int(all))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	if err := unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: all, Ifindex: i.Index}); err != nil {
		t.Fatal(err)
	}
	return &listener{fd: fd, addrs: addrs}
}

// read returns what has left since listenOn.
func (l *listener) read(t *testing.T) enforcetest.Left {
	t.Helper()
	b := make([]byte, 1<<16)
	for {
		n, from, err := unix.Recvfrom(l.fd, b, 0)
		if errors.Is(err, unix.EAGAIN) {
			return enforcetest.Left{Packets: l.left.Packets, Clear: slices.Clone(l.left.Clear)}
		}
		if err != nil {
			t.Fatal(err)
		}
		if a, ok := from.(*unix.SockaddrLinklayer); ok && a.Pkttype == unix.PACKET_OUTGOING {
			l.note(b[:n])
		}
	}
}

// note judges a packet by its IP header.
func (l *listener) note(b []byte) {
	to, protocol, ok := header(b)
	if !ok || !slices.Contains(l.addrs, to) || protocol == unix.IPPROTO_ICMPV6 {
		return
	}
	l.left.Packets++
	if protocol != unix.IPPROTO_ESP && protocol != unix.IPPROTO_UDP {
		l.left.Clear = append(l.left.Clear, fmt.Sprintf("packet %d, to %s: protocol %d, %x", l.left.Packets, to, protocol, b[:min(len(b), 60)]))
	}
}

// header returns where a packet is sent to, and the protocol in it.
func header(b []byte) (to netip.Addr, protocol int, ok bool) {
	switch {
	case len(b) >= 20 && b[0]>>4 == 4:
		return netip.AddrFrom4([4]byte(b[16:20])), int(b[9]), true
	case len(b) >= 40 && b[0]>>4 == 6:
		return netip.AddrFrom16([16]byte(b[24:40])), int(b[6]), true
	}
	return to, 0, false
}

// TestListener: what leaves in clear text is seen at once, and told from what does not
// leave.
func TestListener(t *testing.T) {
	t.Parallel()
	for _, v6 := range []bool{false, true} {
		w := newWorld(t, v6)
		l := listenOn(t, w.cable, w.portal.Addr())
		if left := l.read(t); left.Packets > 0 {
			t.Errorf("got %+v, want nothing", left)
		}
		if err := w.plain(t, limit); err != nil {
			t.Fatal(err)
		}
		if left := l.read(t); left.Packets == 0 || len(left.Clear) != left.Packets {
			t.Errorf("got %+v, want packets in clear text", left)
		}
	}
}
