package initiator

import (
	"context"
	"errors"
	"fmt"
	"net/netip"

	"github.com/go-iscsi/discovery/pkg/ipsec"
)

// A PolicyFunc returns what the administrator says of a portal: the rule that is for
// it, its address or its block, if there is one, and the rules for the portal groups
// that it is known to be in.
//
// The word of a group rule counts less. Which groups a portal is in, any portal may
// say in its answers, also one that lies. So such a rule may make a plan stronger,
// and never weaker: a lie can make a connection fail, not expose it.
type PolicyFunc func(ctx context.Context, dst netip.AddrPort) (rule ipsec.Existing, groups []ipsec.Existing, err error)

// withGroups returns the plan that follows from settings together with the rules for
// groups. plan and err are what settings resolve to without them.
func (a *attempt) withGroups(s ipsec.Settings, plan ipsec.Plan, err error, groups []ipsec.Existing) (ipsec.Plan, error) {
	for _, g := range groups {
		if !g.Flags.Has(ipsec.FlagIKE) {
			a.warnings.add(WarnGroupPolicy, "%s turns IPsec off, which a rule for a portal group cannot do, so it is ignored; remove it, and add a rule for the portal or its block", g.Name)
			continue
		}
		if !mayStrengthen(plan, err) {
			continue
		}
		with := s
		with.Existing = g
		stronger, err2 := with.Resolve()
		switch {
		case err2 != nil:
			return stronger, err2
		case err != nil || strengthens(stronger, plan):
			plan, err = stronger, nil
		case !strengthens(plan, stronger) && !samePlan(plan, stronger):
			return plan, fmt.Errorf("%s requires %s, but without it the plan is %s (%s), and neither plan includes the other; add a policy for the portal itself", g.Name, stronger, plan, plan.Why)
		}
	}
	return plan, err
}

// mayStrengthen reports whether a group's rule may take the place of a plan: not of
// protection that is in place, nor of flags that contradict themselves.
func mayStrengthen(plan ipsec.Plan, err error) bool {
	var flags *ipsec.FlagsError
	return !errors.As(err, &flags) && !plan.InPlace()
}

// strengthens reports that p gives all that q gives, and more.
func strengthens(p, q ipsec.Plan) bool { return q.WeakerThan(p) && !p.WeakerThan(q) }

// samePlan reports plans that give the same.
func samePlan(p, q ipsec.Plan) bool {
	return p.IPsec == q.IPsec && p.Mode == q.Mode && p.Exchange == q.Exchange && p.PFS == q.PFS
}
