package ports

import (
	"context"
	"encoding/binary"
	"net/netip"
	"os"
	"syscall"

	"github.com/go-iscsi/discovery/pkg/initiator/internal/zone"
)

// What package syscall does not know of a route: two attributes, and where its
// type is in the message.
const (
	rtaIPProto   = 27
	rtaDPort     = 29
	offRouteType = 7
)

// kernelRoute asks the kernel which way a TCP connection to dst takes: from
// source, where that is valid, or from whatever address the kernel picks. All
// tables and rules count, those for TCP or a port as well.
func kernelRoute(ctx context.Context, source netip.Addr, dst netip.AddrPort) (way, error) {
	fd, err := syscall.Socket(syscall.AF_NETLINK, syscall.SOCK_RAW|syscall.SOCK_CLOEXEC, syscall.NETLINK_ROUTE)
	if err != nil {
		return socketRoute(ctx, source, dst) // a sandbox that knows TCP and UDP only
	}
	defer syscall.Close(fd)
	request, err := routeRequest(source, dst)
	if err != nil {
		return way{}, err
	}
	if err := syscall.Sendto(fd, request, 0, &syscall.SockaddrNetlink{Family: syscall.AF_NETLINK}); err != nil {
		return way{}, os.NewSyscallError("sendto", err)
	}
	answer := make([]byte, os.Getpagesize())
	n, _, err := syscall.Recvfrom(fd, answer, 0)
	if err != nil {
		return way{}, os.NewSyscallError("recvfrom", err)
	}
	w, err := parseRoute(answer[:n])
	if err != nil {
		return way{}, err
	}
	if source.IsValid() {
		w.source = source
	}
	if !w.source.IsValid() {
		return way{}, os.NewSyscallError("route", syscall.EADDRNOTAVAIL)
	}
	if zone.Missing(w.source) {
		w.source = w.source.WithZone(dst.Addr().Zone())
	}
	return w, nil
}

// routeRequest returns a message that asks for the route to dst.
func routeRequest(source netip.Addr, dst netip.AddrPort) ([]byte, error) {
	ne := binary.NativeEndian
	to := dst.Addr()
	family := byte(syscall.AF_INET)
	if to.Is6() {
		family = syscall.AF_INET6
	}
	b := make([]byte, syscall.SizeofNlMsghdr, 128)
	b = append(b, family, byte(to.BitLen()), byte(source.BitLen())) // the rest of an rtmsg is zero
	b = append(b, make([]byte, syscall.SizeofRtMsg-3)...)
	attribute := func(kind uint16, value ...byte) {
		b = ne.AppendUint16(b, uint16(syscall.SizeofRtAttr+len(value)))
		b = ne.AppendUint16(b, kind)
		b = append(b, value...)
		b = append(b, make([]byte, -len(value)&(syscall.RTA_ALIGNTO-1))...)
	}
	attribute(syscall.RTA_DST, to.AsSlice()...)
	if source.IsValid() {
		attribute(syscall.RTA_SRC, source.AsSlice()...)
	}
	if link := to.Zone(); link != "" {
		index, err := zone.Index(link)
		if err != nil {
			return nil, err
		}
		attribute(syscall.RTA_OIF, ne.AppendUint32(nil, uint32(index))...)
	}
	attribute(rtaIPProto, syscall.IPPROTO_TCP)
	attribute(rtaDPort, binary.BigEndian.AppendUint16(nil, dst.Port())...)
	ne.PutUint32(b, uint32(len(b)))
	ne.PutUint16(b[4:], syscall.RTM_GETROUTE)
	ne.PutUint16(b[6:], syscall.NLM_F_REQUEST)
	return b, nil
}

// parseRoute reads the answer to a routeRequest.
func parseRoute(b []byte) (w way, err error) {
	messages, err := syscall.ParseNetlinkMessage(b)
	if err != nil || len(messages) == 0 {
		return w, os.NewSyscallError("route", syscall.EPROTO)
	}
	m := &messages[0]
	switch {
	case m.Header.Type == syscall.NLMSG_ERROR && len(m.Data) >= 4:
		code := int32(binary.NativeEndian.Uint32(m.Data))
		return w, os.NewSyscallError("route", syscall.Errno(-code))
	case m.Header.Type != syscall.RTM_NEWROUTE || len(m.Data) < syscall.SizeofRtMsg:
		return w, os.NewSyscallError("route", syscall.EPROTO)
	}
	if kind := m.Data[offRouteType]; kind != syscall.RTN_UNICAST && kind != syscall.RTN_LOCAL {
		return w, os.NewSyscallError("route", syscall.ENETUNREACH)
	}
	attributes, err := syscall.ParseNetlinkRouteAttr(m)
	if err != nil {
		return w, os.NewSyscallError("route", err)
	}
	for _, a := range attributes {
		switch {
		case a.Attr.Type == syscall.RTA_PREFSRC:
			w.source, _ = netip.AddrFromSlice(a.Value)
		case a.Attr.Type == syscall.RTA_OIF && len(a.Value) == 4:
			w.device = int(binary.NativeEndian.Uint32(a.Value))
		}
	}
	return w, nil
}
