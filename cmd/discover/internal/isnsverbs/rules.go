package isnsverbs

import (
	"context"
	"net/netip"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/ipsec"
)

// Rules are what iSNS servers say of the IPsec of portals, beside the rules of the registry:
// they may make a plan stronger, as those for a portal group, and never weaker.
type Rules struct {
	registry initiator.RuleSet // nil: it is not read
	bitmaps  map[netip.AddrPort][]ipsec.Existing
}

// add takes the bitmaps of an answer.
func (r *Rules) add(from *registry.ISNSResult) {
	for dst, flags := range from.Answer.Security() {
		name := "the portal security bitmap of iSNS server " + from.Server.Address.String()
		r.bitmaps[bare(dst)] = append(r.bitmaps[bare(dst)], ipsec.Existing{
			Kind: ipsec.ExistingRule, Name: name, Flags: flags, Undo: "if the server is wrong, scan the portal without --isns",
		})
	}
}

// Any reports that a server says that some portal needs IPsec.
func (r *Rules) Any() bool { return len(r.bitmaps) > 0 }

// Beside returns the rules beside those of the registry; nil: it is not read.
func (r *Rules) Beside(of initiator.RuleSet) *Rules { return &Rules{registry: of, bitmaps: r.bitmaps} }

// Apply puts the rules into a request.
func (r *Rules) Apply(d *initiator.Discoverer, j *initiator.Request) {
	if j.Policy = nil; r.registry != nil {
		r.registry.Apply(d, j)
	}
	r.wrap(j)
}

// wrap has the policy of a request say what the servers say as well.
func (r *Rules) wrap(j *initiator.Request) {
	policy := j.Policy
	j.Policy = func(ctx context.Context, dst netip.AddrPort) (rule ipsec.Existing, groups []ipsec.Existing, err error) {
		if policy != nil {
			rule, groups, err = policy(ctx, dst)
		}
		return rule, append(groups[:len(groups):len(groups)], r.bitmaps[bare(dst)]...), err
	}
}

// RequestThere returns the request for an address that a portal advertises.
func (r *Rules) RequestThere(ctx context.Context, j initiator.Request, dst netip.AddrPort) (initiator.Request, error) {
	if r.registry == nil {
		return j, nil
	}
	there, err := r.registry.RequestThere(ctx, j, dst)
	if err == nil {
		r.wrap(&there)
	}
	return there, err
}

// bare returns an address without its zone, which no server knows.
func bare(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap().WithZone(""), a.Port())
}
