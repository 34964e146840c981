package fleetscan

import (
	"context"
	"net/netip"
	"slices"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/ipsec"
)

// atLeast are the rules of a host, made stronger by the flags of a job, and never weaker.
type atLeast struct {
	initiator.RuleSet
	flags ipsec.Flags
}

// Apply puts the rules into a request, as initiator.RuleSet says.
func (a atLeast) Apply(d *initiator.Discoverer, r *initiator.Request) {
	a.RuleSet.Apply(d, r)
	of := r.Policy
	r.Policy = func(ctx context.Context, dst netip.AddrPort) (rule ipsec.Existing, groups []ipsec.Existing, err error) {
		if of != nil {
			rule, groups, err = of(ctx, dst)
		}
		if rule.Kind == ipsec.ExistingRule && !rule.Flags.Has(ipsec.FlagIKE) {
			return rule, groups, err // off: login.RequireIPsec refuses the portal
		}
		asked := ipsec.Existing{Kind: ipsec.ExistingRule, Name: "the shared scan", Flags: a.flags}
		return rule, append(slices.Clip(groups), asked), err
	}
}
