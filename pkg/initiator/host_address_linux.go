package initiator

import (
	"encoding/binary"
	"net/netip"
	"syscall"
)

// Of an address's message: where flags and interface are, the attribute with
// the flags that the message has no room for, and the flags of addresses that do
// not last (IFA_F_TEMPORARY, IFA_F_DEPRECATED).
const (
	offAddrFlags   = 2
	offAddrIndex   = 4
	ifaFlags       = 8
	flagTemporary  = 0x01
	flagDeprecated = 0x20
)

// passingAddresses returns the IPv6 addresses that do not last. Where the kernel
// does not tell, all last.
func passingAddresses() map[onLink]bool {
	b, err := syscall.NetlinkRIB(syscall.RTM_GETADDR, syscall.AF_INET6)
	if err != nil {
		return nil
	}
	messages, err := syscall.ParseNetlinkMessage(b)
	if err != nil {
		return nil
	}
	passing := make(map[onLink]bool)
	for _, m := range messages {
		if m.Header.Type != syscall.RTM_NEWADDR || len(m.Data) < syscall.SizeofIfAddrmsg {
			continue
		}
		attributes, err := syscall.ParseNetlinkRouteAttr(&m)
		if err != nil {
			continue
		}
		var addr netip.Addr
		flags := uint32(m.Data[offAddrFlags])
		for _, a := range attributes {
			switch {
			case a.Attr.Type == syscall.IFA_LOCAL, a.Attr.Type == syscall.IFA_ADDRESS && !addr.IsValid():
				addr, _ = netip.AddrFromSlice(a.Value)
			case a.Attr.Type == ifaFlags && len(a.Value) == 4:
				flags = binary.NativeEndian.Uint32(a.Value)
			}
		}
		if flags&(flagTemporary|flagDeprecated) != 0 {
			passing[onLink{addr, int(binary.NativeEndian.Uint32(m.Data[offAddrIndex:]))}] = true
		}
	}
	return passing
}
