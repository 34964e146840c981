package initiator

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"net"
	"net/netip"
	"syscall"

	"github.com/go-iscsi/discovery/pkg/initiator/internal/text"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/ipsec"
)

// A RuleSet is what a registry says of the IPsec of portals that are asked without
// being stored: policies, preshared keys, gateways, flags that were defined before and
// the default. registry.Rules is one. Its methods are safe for concurrent use.
type RuleSet interface {
	// Apply puts the rules into a request. What d itself knows of keys and gateways
	// counts where the rules say nothing. A rule that cannot be read is r.Err.
	Apply(d *Discoverer, r *Request)

	// RequestThere returns the request for an address dst that the portal of r
	// advertises: it is under the rules of that address as well, unless those of the
	// portal protect more.
	RequestThere(ctx context.Context, r Request, dst netip.AddrPort) (Request, error)
}

// A Request is a portal and all that decides how it is asked. A Discoverer makes one of
// each portal; a registry, or another program that knows more of its portals, makes its
// own and calls DiscoverRequests.
type Request struct {
	Portal   SendTargetPortal // with its secrets
	Name     string           // iSCSI name of the initiator, where the initiator port has none of its own
	Selector *ports.Selector  // nil: routing picks the source address

	// Security is what decides about IPsec beside the portal's own flags and
	// what exists.
	Security ipsec.Settings
	Policy   PolicyFunc // of the administrator; nil: none
	PSK      PSKFunc
	Gateway  GatewayFunc

	// There returns the request for another portal, where a redirection leads: what is
	// defined for that portal may protect more. nil: nothing is known of it.
	There func(ctx context.Context, r Request, dst netip.AddrPort) (Request, error)

	Err error // why the portal cannot be asked; it becomes the result. An *Error
}

// requests makes requests of portals by what d says of all.
func (d *Discoverer) requests(portals iter.Seq[SendTargetPortal]) iter.Seq[*Request] {
	return func(yield func(*Request) bool) {
		j := Request{Selector: d.Selector, PSK: d.PSK, Gateway: d.Gateway}
		place := placeCheck{d: d}
		for j.Portal = range portals {
			j.Name = cmp.Or(j.Portal.Login.InitiatorName, d.InitiatorName)
			if j.Err = nil; d.Rules != nil {
				d.Rules.Apply(d, &j)
			}
			if j.Err == nil {
				j.Err = place.check(&j.Portal)
			}
			if !yield(&j) {
				return
			}
		}
	}
}

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

// checkName is Discoverer.CheckName for the name of a portal. Most portals are asked by the
// name of the portal before, which is not checked again.
func (a *attempt) checkName(name string) error {
	if name == a.name && name != "" {
		return nil
	}
	unusual, err := a.d.CheckName(name)
	if err == nil {
		a.name, a.unusual = name, unusual
	}
	return err
}

// nameOfLogin finds by which name to log in, and warns, once for a portal, where
// it is no iSCSI name in form. The port may have a name of its own, and is known
// only when the connection is there.
func (a *attempt) nameOfLogin() error {
	name := a.request.Name
	if ofPort := a.result.InitiatorPort.NodeName; ofPort != "" {
		name = cmp.Or(a.result.Asked.Login.InitiatorName, ofPort)
	}
	a.result.InitiatorName = name
	if err := a.checkName(name); err != nil {
		return at(StageValidate, err) // it was not sent
	}
	if a.unusual != "" && !a.nameWarned {
		a.nameWarned = true
		a.warnings.add(WarnInitiatorName, "initiator name %s is not a well-formed iSCSI name: %s; it is used as it is", text.Quote([]byte(name)), a.unusual)
	}
	return nil
}
