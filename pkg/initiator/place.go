package initiator

import (
	"errors"
	"net"
	"net/netip"
	"syscall"

	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
)

// A placeCheck holds the instance, the port number and the source that portals are to be
// asked from against what this host has, as a registry does when it takes a portal.
type placeCheck struct {
	d      *Discoverer
	source netip.Addr // the last that was looked at
	err    error      // what is wrong with it
}

// check returns why a portal cannot be asked from where it is to be asked, as an *Error of
// StageValidate; nil: it can, or the connection finds out.
func (c *placeCheck) check(p *SendTargetPortal) error {
	var err error
	switch {
	case p.Instance != "" && c.d.Selector != nil:
		_, _, err = c.d.Selector.Place(p.Instance, p.Port, netip.Addr{}, p.Portal.Literal())
		if errors.Is(err, isdsc.ErrCacheCorrupted) {
			return nil // choosing a port says so
		}
	case p.Source.IsValid() && c.d.Dial == nil:
		err = c.ofSource(p.Source)
	}
	if err == nil {
		return nil
	}
	return &Error{Stage: StageValidate, Portal: p.Portal, Err: err}
}

// ofSource returns the error of a source that is not an address of this host. The kernel
// says so when a socket is bound to it, which sends nothing; the list of interfaces lacks
// addresses of local routes, such as 127.0.0.2.
func (c *placeCheck) ofSource(source netip.Addr) error {
	if source == c.source {
		return c.err
	}
	c.source, c.err = source, nil
	pc, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(source.Unmap(), 0)))
	if err == nil {
		_ = pc.Close()
	}
	if errors.Is(err, syscall.EADDRNOTAVAIL) {
		c.err = &isdsc.Error{Code: isdsc.InvalidPortNumber, What: "source " + source.String(), Reason: "this host does not have this address; discover port list shows those that it has"}
	}
	return c.err
}
