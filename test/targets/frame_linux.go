package targets

import (
	"encoding/binary"
	"fmt"
	"net"

	"golang.org/x/sys/unix"

	"github.com/go-iscsi/discovery/test/netns"
)

const (
	etherAddrLen = 6
	etherHeadLen = 2*etherAddrLen + 2
)

// sendFrame sends an Ethernet frame to nobody.
func sendFrame(n *netns.Namespace, name string, etherType uint16, payload []byte) error {
	return n.Do(func() error {
		device, err := net.InterfaceByName(name)
		if err != nil {
			return fmt.Errorf("targets: interface %s: %w", name, err)
		}
		fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return fmt.Errorf("targets: packet socket: %w", err)
		}
		defer unix.Close(fd)
		frame := make([]byte, etherHeadLen, etherHeadLen+len(payload))
		frame[0] = 2 // to a local address that no interface has
		frame[etherAddrLen-1] = 1
		binary.BigEndian.PutUint16(frame[2*etherAddrLen:], etherType)
		to := unix.SockaddrLinklayer{Ifindex: device.Index, Halen: etherAddrLen}
		if err := unix.Sendto(fd, append(frame, payload...), 0, &to); err != nil {
			return fmt.Errorf("targets: send on %s: %w", name, err)
		}
		return nil
	})
}
