package initiator

import (
	"cmp"
	"context"
	"iter"
	"net/netip"

	"github.com/go-iscsi/discovery/pkg/initiator/internal/text"
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
