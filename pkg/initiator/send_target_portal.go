package initiator

import (
	"fmt"
	"net/netip"
	"strconv"
)

// A PortNumber is the number of an initiator port: of one source address of an
// initiator instance.
type PortNumber uint32

// AllPorts is ISCSI_ALL_INITIATOR_PORTS of the reference API: routing decides,
// at the time of use, from which source address a portal is asked. It does not
// mean one request from each. Zero is an ordinary port number.
const AllPorts PortNumber = 0xffffffff

// String returns the number, or "all".
func (n PortNumber) String() string {
	if n == AllPorts {
		return "all"
	}
	return strconv.FormatUint(uint64(n), 10)
}

// A SendTargetPortal is a portal and how to ask it: the parameters of
// AddIScsiSendTargetPortal.
type SendTargetPortal struct {
	Portal Portal
	Login  LoginOptions

	// Source is the source address to ask from; the zero value lets routing
	// decide.
	Source netip.Addr
}

// validate holds p against the rules of the reference API.
func (p *SendTargetPortal) validate() error {
	if err := p.Portal.validate(); err != nil {
		return err
	}
	if dst, err := netip.ParseAddr(p.Portal.host()); err == nil && p.Source.IsValid() {
		if dst.Unmap().Is4() != p.Source.Unmap().Is4() {
			return &ConfigError{
				Code:   CodeAddressTypeNotSupported,
				What:   fmt.Sprintf("source %s", p.Source),
				Reason: fmt.Sprintf("not of the address family of portal %s", p.Portal),
			}
		}
	}
	return p.Login.validate()
}
