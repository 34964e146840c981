package xfrm

import (
	"encoding/binary"
	"fmt"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// Where the counts are in the kernel's answer, in bytes: two of policies for
// packets in and out in an attribute that also counts those of sockets.
const (
	spdFlagsLen = 4
	spdInfo     = 1 // the attribute
	spdInfoLen  = 24
)

// Any reports whether the kernel has policies at all, but for those of single
// sockets. Where there are none, Existing is none for every connection. An error
// may also mean that this process may not look.
//
// It asks the kernel for counts, rather than for a list: it is what every scan
// begins with.
func Any() (bool, error) {
	answer, err := spdCounts()
	if err != nil {
		return false, fmt.Errorf("count: %w", err)
	}
	for kind, value := range attributes(answer) {
		if kind == spdInfo && len(value) >= spdInfoLen {
			in, out := binary.NativeEndian.Uint32(value), binary.NativeEndian.Uint32(value[4:])
			return in+out > 0, nil
		}
	}
	return false, fmt.Errorf("count: %w", unix.EBADMSG)
}

// spdCounts returns the attributes of the kernel's answer.
func spdCounts() ([]byte, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_XFRM)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd) //nolint:errcheck // nothing is lost with it
	const length = unix.NLMSG_HDRLEN + spdFlagsLen
	request := binary.NativeEndian.AppendUint32(nil, length)
	request = binary.NativeEndian.AppendUint16(request, nl.XFRM_MSG_GETSPDINFO)
	request = binary.NativeEndian.AppendUint16(request, unix.NLM_F_REQUEST)
	request = append(request, make([]byte, length-len(request))...)
	if err := unix.Sendto(fd, request, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return nil, err
	}
	answer := make([]byte, 1024)
	// The kernel has answered by the time that sending returns.
	n, _, err := unix.Recvfrom(fd, answer, unix.MSG_DONTWAIT)
	switch {
	case err != nil:
		return nil, err
	case n < length:
		return nil, unix.EBADMSG
	}
	answer = answer[:n]
	if binary.NativeEndian.Uint16(answer[4:]) == unix.NLMSG_ERROR {
		return nil, unix.Errno(-int32(binary.NativeEndian.Uint32(answer[unix.NLMSG_HDRLEN:])))
	}
	return answer[length:], nil
}
