package xfrm

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"github.com/go-iscsi/discovery/pkg/ipsec"
)

// Numbers of the kernel's interface (linux/xfrm.h, linux/in.h, linux/socket.h).
// Whole numbers there are in the machine's byte order, but ports and SPIs.
const (
	familyIPv4 = 2
	familyIPv6 = 10

	protoTCP = 6
	protoESP = 50
	protoAH  = 51

	modeTransport = 0
	modeTunnel    = 1

	dirIn  = 0
	dirOut = 1

	actionAllow = 0
	actionBlock = 1
)

// A template is one security association that the kernel demands of a packet
// (struct xfrm_user_tmpl).
type template [64]byte

// Offsets in a template.
const (
	templateDestination = 0
	templateProtocol    = 20
	templateFamily      = 24
	templateSource      = 28
	templateReqid       = 44
	templateMode        = 48
	templateOptional    = 50
	templateAlgorithms  = 52 // three masks of 32 bits
)

// newTemplate returns the template for ESP from one end to the other.
func newTemplate(mode ipsec.Mode, from, to netip.Addr, reqid uint32) template {
	var t template
	putAddr(t[templateDestination:], to)
	putAddr(t[templateSource:], from)
	t[templateProtocol] = protoESP
	binary.NativeEndian.PutUint16(t[templateFamily:], family(to))
	binary.NativeEndian.PutUint32(t[templateReqid:], reqid)
	if mode == ipsec.TunnelMode {
		t[templateMode] = modeTunnel
	}
	for i := templateAlgorithms; i < len(t); i++ {
		t[i] = 0xff // any: the IKE daemon chose them with the association
	}
	return t
}

func (t *template) protocol() byte { return t[templateProtocol] }
func (t *template) optional() bool { return t[templateOptional] != 0 }
func (t *template) reqid() uint32  { return binary.NativeEndian.Uint32(t[templateReqid:]) }

// mode returns zero for a mode that is neither transport nor tunnel.
func (t *template) mode() ipsec.Mode { return modeOf(t[templateMode]) }

// ends returns the addresses of the association; invalid ones are those of the
// packet.
func (t *template) ends() (from, to netip.Addr) {
	f := binary.NativeEndian.Uint16(t[templateFamily:])
	return endOf(t[templateSource:], f), endOf(t[templateDestination:], f)
}

// String returns what is demanded, such as "esp transport".
func (t *template) String() string {
	name := fmt.Sprintf("protocol %d", t.protocol())
	switch t.protocol() {
	case protoESP:
		name = "esp"
	case protoAH:
		name = "ah"
	}
	if m := t.mode(); m != 0 {
		name += " " + m.String()
	}
	if t.optional() {
		name += " (optional)"
	}
	return name
}

func modeOf(b byte) ipsec.Mode {
	switch b {
	case modeTransport:
		return ipsec.TransportMode
	case modeTunnel:
		return ipsec.TunnelMode
	}
	return 0
}

func family(a netip.Addr) uint16 {
	if a.Is4() {
		return familyIPv4
	}
	return familyIPv6
}

// putAddr writes an address in 16 bytes, an IPv4 one in the first four.
func putAddr(b []byte, a netip.Addr) { copy(b, a.AsSlice()) }

// addrOf reads an address that putAddr wrote.
func addrOf(b []byte, family uint16) netip.Addr {
	if family == familyIPv4 {
		return netip.AddrFrom4([4]byte(b[:4]))
	}
	return netip.AddrFrom16([16]byte(b[:16]))
}

// endOf is addrOf, and invalid for the unspecified address.
func endOf(b []byte, family uint16) netip.Addr {
	if a := addrOf(b, family); !a.IsUnspecified() {
		return a
	}
	return netip.Addr{}
}
