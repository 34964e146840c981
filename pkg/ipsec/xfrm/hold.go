package xfrm

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"

	"github.com/go-iscsi/discovery/pkg/ipsec"
)

// An Association names the pair of security associations, one for each
// direction, that protects a connection.
type Association struct {
	Mode          ipsec.Mode
	Local, Remote netip.Addr // its ends: in tunnel mode the outer addresses
	Reqid         uint32     // what the kernel knows both by; not zero
}

// Validate says what cannot be demanded of a packet.
func (a Association) Validate() error {
	switch {
	case a.Mode != ipsec.TransportMode && a.Mode != ipsec.TunnelMode:
		return errors.New("the mode of the association is not given")
	case !a.Local.IsValid() || !a.Remote.IsValid() || a.Local.IsUnspecified() || a.Remote.IsUnspecified():
		return errors.New("the association needs two addresses")
	case a.Local.Is4() != a.Remote.Is4() || a.Local.Is4In6() || a.Remote.Is4In6():
		return fmt.Errorf("no association between %s and %s", a.Local, a.Remote)
	case a.Reqid == 0:
		// Zero would be any association between the two.
		return errors.New("the association has no reqid")
	}
	return nil
}

// A Hold is a policy of one socket (IP_XFRM_POLICY): the security associations that its
// packets must use. The zero value lets nothing pass.
//
// It is set before the socket connects and comes before every policy of the host. No SYN
// leaves before the associations exist, and no retransmission after they are gone. The
// kernel also sends packets for a socket that is already closed; for these a [Dialer]
// adds a policy of the host for the one connection, until the Dialer is closed. Other
// connections of the host are not affected.
type Hold struct {
	out, in []template
}

// Demand returns the hold that lets packets pass under an association only,
// which must be valid.
func Demand(a Association) Hold {
	return Hold{
		out: []template{newTemplate(a.Mode, a.Local, a.Remote, a.Reqid)},
		in:  []template{newTemplate(a.Mode, a.Remote, a.Local, a.Reqid)},
	}
}

// String returns what is demanded of packets that leave.
func (h Hold) String() string {
	if len(h.out) == 0 {
		return "nothing may pass"
	}
	s := ""
	for i := range h.out {
		if i > 0 {
			s += ", "
		}
		from, to := h.out[i].ends()
		s += h.out[i].String()
		if from.IsValid() && to.IsValid() {
			s += fmt.Sprintf(" from %s to %s", from, to)
		}
		if reqid := h.out[i].reqid(); reqid != 0 {
			s += fmt.Sprintf(" with reqid %d", reqid)
		}
	}
	return s
}

// Offsets in struct xfrm_userpolicy_info, which begins with a selector. Templates
// follow it in a socket option.
const (
	policyLifetime = 56 // limits of bytes and packets, soft and hard, then times
	policyPriority = 152
	policyIndex    = 156
	policyDir      = 160
	policyAction   = 161
	policyLen      = 168
)

// templates returns those of one direction.
func (h Hold) templates(dir byte) []template {
	if dir == dirIn {
		return h.in
	}
	return h.out
}

// option returns the value of the socket option that holds one direction. Its
// selector is of all packets of the family; one of another family would escape
// it, so the socket must not be able to send any.
func (h Hold) option(dir byte, family uint16) []byte {
	templates := h.templates(dir)
	b := make([]byte, policyLen, policyLen+len(templates)*len(template{}))
	binary.NativeEndian.PutUint16(b[selectorFamily:], family)
	for i := range 4 {
		binary.NativeEndian.PutUint64(b[policyLifetime+8*i:], ^uint64(0))
	}
	b[policyDir], b[policyAction] = dir, actionAllow
	if len(templates) == 0 {
		b[policyAction] = actionBlock
	}
	for i := range templates {
		b = append(b, templates[i][:]...)
	}
	return b
}
