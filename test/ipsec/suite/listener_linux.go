package suite

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

// A Listener sees at once what leaves by an interface. A capture writes that to a file
// some time later, and shows what a tunnel was taken out of as if it had come so.
type Listener struct {
	fd    int
	addrs []netip.Addr // what is sent to them counts
	left  enforcetest.Left
}

// ListenOn begins to listen, until the end of the test.
func ListenOn(t *testing.T, device string, addrs ...netip.Addr) *Listener {
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
	return &Listener{fd: fd, addrs: addrs}
}

// Read returns what has left since ListenOn.
func (l *Listener) Read(t *testing.T) enforcetest.Left {
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
func (l *Listener) note(b []byte) {
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
