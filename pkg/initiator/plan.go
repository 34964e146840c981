package initiator

import (
	"context"
	"errors"
	"net/netip"
	"slices"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/ipsec"
)

// Settings are what a portal's plan for IPsec depends on, without what exists.
func (j *Request) Settings() ipsec.Settings {
	s := j.Security
	s.Flags = j.Portal.Security
	s.RequireIPsec = j.Portal.Login.Flags&LoginRequireIPsec != 0
	s.RefuseUnknown = j.Portal.IPsec.RefuseUnknown
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
	return ipsec.Combine(policy, a.d.held.find(from.Address, dst), system), groups, nil
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
