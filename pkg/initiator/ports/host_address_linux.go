package ports

import (
	"encoding/binary"
	"net/netip"
	"syscall"
)

// Of an address's message: where flags and interface are, the attribute with
// the flags that the message has no room for, and flags (IFA_F_…).
const (
	offAddrFlags   = 2
	offAddrIndex   = 4
	ifaFlags       = 8
	flagTemporary  = 0x01
	flagOptimistic = 0x04
	flagDADFailed  = 0x08
	flagDeprecated = 0x20
	flagTentative  = 0x40
)

// addressStates returns what is special about IPv6 addresses. Where the kernel
// does not tell, nothing is.
func addressStates() map[onLink]addressState {
	b, err := syscall.NetlinkRIB(syscall.RTM_GETADDR, syscall.AF_INET6)
	if err != nil {
		return nil
	}
	messages, err := syscall.ParseNetlinkMessage(b)
	if err != nil {
		return nil
	}
	states := make(map[onLink]addressState)
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
		at := onLink{addr, int(binary.NativeEndian.Uint32(m.Data[offAddrIndex:]))}
		states[at] = addressState{
			passing: flags&(flagTemporary|flagDeprecated) != 0,
			// Nobody may use it while the link is searched for another that
			// has it, or where one was found.
			unusable: flags&flagDADFailed != 0 || flags&(flagTentative|flagOptimistic) == flagTentative,
		}
	}
	return states
}
