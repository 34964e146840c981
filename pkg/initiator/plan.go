package initiator

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/login"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/ipsec"
)

// A PolicyFunc returns what the administrator says of a portal: the rule that is for
// it, its address or its block, if there is one, and the rules for the portal groups
// that it is known to be in.
//
// The word of a group rule counts less. Which groups a portal is in, any portal may
// say in its answers, also one that lies. So such a rule may make a plan stronger,
// and never weaker: a lie can make a connection fail, not expose it. The portal security
// bitmap of an iSNS server (RFC 4171, section 6.3.9) is such a rule as well.
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
			a.ignore(g, plan)
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
		case strengthens(plan, stronger):
			a.ignore(g, plan)
		case !samePlan(plan, stronger):
			why := fmt.Sprintf("%s requires %s, but without it the plan is %s (%s), and neither plan includes the other; change one of the two, or add a policy for the portal that asks for all that both give", g.Name, stronger, plan, plan.Why)
			return plan, errors.New(joinHints(why, g.Undo))
		}
	}
	return plan, err
}

// ignore notes a rule that gives less than the plan, for an Explanation.
func (a *attempt) ignore(g ipsec.Existing, plan ipsec.Plan) {
	a.ignored = append(a.ignored, fmt.Sprintf("%s (%s): it would give less than what holds (%s)", g.Name, g.Flags.Hex(), plan.Why))
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

// Settings are what a portal's plan for IPsec depends on, without what exists.
func (j *Request) Settings() ipsec.Settings {
	s := j.Security
	s.Flags = j.Portal.Security
	s.RequireIPsec = j.Portal.Login.Flags&login.RequireIPsec != 0
	s.RefuseUnknown = j.Portal.IPsec.RefuseUnknown
	s.IKE = j.Portal.IPsec.IKE
	return s
}

// planned returns the plan for a connection from a port.
func (a *attempt) planned(ctx context.Context, from ports.Port, dst netip.AddrPort) (ipsec.Plan, error) {
	s, err := a.settings(ctx, dst)
	if err != nil {
		return ipsec.Plan{}, &isdsc.Error{Code: isdsc.FailedToConfigureIPsec, What: "IPsec", Reason: "cannot read the IPsec settings for " + dst.String() + ": " + Reason(err), Err: err}
	}
	existing, groups, err := a.existing(ctx, from, dst)
	if err != nil {
		return ipsec.Plan{}, &isdsc.Error{Code: isdsc.FailedToConfigureIPsec, What: "IPsec", Reason: "cannot read which IPsec exists: " + Reason(err), Err: err}
	}
	s.Existing = existing
	plan, err := s.Resolve()
	plan, err = a.withGroups(s, plan, err, groups)
	before := a.result.IPsec
	a.result.IPsec = plan
	switch {
	case err != nil:
		return plan, &isdsc.Error{Code: planCode(err), What: "IPsec", Reason: Reason(err), Err: err}
	case a.further && plan.WeakerThan(before):
		what := "the redirection leads to a host with less protection: "
		if len(a.result.Redirects) == 0 {
			what = "the second try would have less protection than the first: "
		}
		return plan, &isdsc.Error{Code: isdsc.FailedToConfigureIPsec, What: "IPsec", Reason: what + plan.Why}
	case a.probing && plan.WeakerThan(before):
		return plan, &isdsc.Error{Code: isdsc.FailedToConfigureIPsec, What: "IPsec", Reason: "the address would have less protection than the portal: " + plan.Why}
	case a.retried.weakened(from.Address, dst, plan):
		return plan, &isdsc.Error{Code: isdsc.FailedToConfigureIPsec, What: "IPsec", Reason: "this try would have less protection than an earlier one: " + plan.Why}
	}
	if a.d.retries() > 0 {
		a.retried.keep(from.Address, dst, plan)
	}
	for _, w := range plan.Warnings {
		if a.further && slices.Contains(before.Warnings, w) {
			continue // said at the connection before
		}
		a.warnings.add(WarningCode(w.Code), "%s", w.Message)
	}
	return plan, nil
}

// settings are those of the portal, or, after a redirection, those of the portal that it
// led to, if these protect more.
func (a *attempt) settings(ctx context.Context, dst netip.AddrPort) (ipsec.Settings, error) {
	j := a.request
	if len(a.result.Redirects) == 0 || j.There == nil || a.probing {
		return j.Settings(), nil
	}
	err := a.ours(ctx, func(ctx context.Context) (err error) {
		j, err = j.There(ctx, a.request, dst)
		return err
	})
	return j.Settings(), err
}

// existing says what there is between a port and dst: a policy of the
// administrator, what the system has, and what we hold ourselves. The rules for
// portal groups come apart.
func (a *attempt) existing(ctx context.Context, from ports.Port, dst netip.AddrPort) (found ipsec.Existing, groups []ipsec.Existing, err error) {
	var policy, system ipsec.Existing
	if !a.d.NothingExists {
		system.Kind = ipsec.ExistingUnknown
	}
	if a.request.Policy != nil {
		err = a.ours(ctx, func(ctx context.Context) (err error) {
			policy, groups, err = a.request.Policy(ctx, dst)
			return err
		})
		if err != nil {
			return policy, nil, err
		}
	}
	if a.d.Enforcer != nil {
		if system, err = a.look(ctx, from, dst); err != nil {
			return system, nil, err
		}
	}
	return ipsec.Combine(policy, a.d.openPlans.Find(from.Address, dst), system), groups, nil
}

// look asks the Enforcer what the system has. The time that it takes is not the
// portal's: it is no fault of the portal where a daemon of this host hangs.
func (a *attempt) look(ctx context.Context, from ports.Port, dst netip.AddrPort) (found ipsec.Existing, err error) {
	err = a.ours(ctx, func(ctx context.Context) (err error) {
		found, err = a.d.Enforcer.Existing(ctx, from.Address, dst)
		return err
	})
	return found, err
}

// ours does work of this host's, which asks neither the portal nor the network for
// anything: its time is not the portal's, and is bounded by itself.
func (a *attempt) ours(ctx context.Context, work func(context.Context) error) error {
	a.watch.Pause()
	defer a.watch.Resume()
	ctx, cancel := context.WithTimeoutCause(ctx, lookLimit, &TimeoutError{Limit: lookLimit})
	defer cancel()
	return work(ctx)
}

// agreed returns the plan for a connection, if all that depends on it goes along
// with it.
func (a *attempt) agreed(ctx context.Context, from ports.Port, dst netip.AddrPort, method *auth.CHAP) (ipsec.Plan, error) {
	plan, err := a.planned(ctx, from, dst)
	if err != nil || method == nil {
		return plan, err
	}
	// A short secret was let pass for the sake of a plan that may protect.
	if method.Protected = plan.Protects(); !method.Protected {
		if err := method.Validate(); err != nil {
			return plan, chapError(method, err)
		}
	}
	return plan, nil
}

// planCode returns the code of a plan that was refused.
func planCode(err error) uint32 {
	var flags *ipsec.FlagsError
	if errors.As(err, &flags) && flags.Origin == ipsec.OriginFlags {
		return isdsc.InvalidParameter
	}
	return isdsc.FailedToConfigureIPsec
}

// mayProtect reports whether the connections of a request may turn out protected, so
// that a short secret cannot be refused beforehand.
func (d *Discoverer) mayProtect(j *Request) bool {
	plan, err := j.Settings().Resolve()
	return err == nil && plan.Protects() || d.Enforcer != nil
}
