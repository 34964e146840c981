package initiator

import (
	"context"
	"net/netip"
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
