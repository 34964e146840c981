package target

import (
	"net/netip"
	"strconv"
	"strings"
)

// A Target is one record of a SendTargets answer (RFC 7143, appendix C).
type Target struct {
	Name      string    // as sent, case and all: one that CheckName lets pass
	Alias     string    // TargetAlias; free text of the target's, valid UTF-8; mostly empty
	Addresses []Address // in the order of the answer; never empty
}

// NoGroup is the Group of an address that came without a portal group tag.
const NoGroup = -1

// An Address is where a target can be reached (RFC 7143, section 13.8).
type Address struct {
	// Host is an IP literal, a link-local one with its zone, or, rarely, a DNS
	// name, which we did not resolve. No brackets.
	Host string
	Port uint16

	// Unusable is set where no connection to the address is possible from here. It is
	// listed all the same, since the target advertises it.
	Unusable Unusable

	// Reach is what a probe found out. A Discoverer does not probe by itself.
	Reach Reach

	Group int // portal group tag, 0 to 65535, or NoGroup
}

// Addr returns Host as an address; false where it is a name.
func (a Address) Addr() (netip.Addr, bool) {
	addr, err := netip.ParseAddr(a.Host)
	return addr, err == nil
}

// String returns host:port,group as RFC 7143 and iscsiadm write it: IPv6 in
// brackets, and -1 for an unknown group.
func (a Address) String() string { return string(a.AppendTo(nil)) }

// AppendTo appends what String returns to b.
func (a Address) AppendTo(b []byte) []byte { return a.AppendEnd(a.AppendHost(b)) }

// AppendHost appends the host to b, IPv6 in brackets.
func (a *Address) AppendHost(b []byte) []byte {
	if strings.IndexByte(a.Host, ':') >= 0 {
		return append(append(append(b, '['), a.Host...), ']')
	}
	return append(b, a.Host...)
}

// AppendEnd appends to b what String returns behind the host.
func (a *Address) AppendEnd(b []byte) []byte {
	b = strconv.AppendUint(append(b, ':'), uint64(a.Port), 10)
	return strconv.AppendInt(append(b, ','), int64(a.Group), 10)
}
