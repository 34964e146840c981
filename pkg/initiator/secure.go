package initiator

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
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
	a.stage = StageSecure
	s, err := a.settings(ctx, dst)
	if err != nil {
		return ipsec.Plan{}, &isdsc.Error{Code: isdsc.FailedToConfigureIPsec, What: "IPsec", Reason: "cannot tell what is defined for " + dst.String() + ": " + Reason(err), Err: err}
	}
	existing, groups, err := a.existing(ctx, from, dst)
	if err != nil {
		return ipsec.Plan{}, &isdsc.Error{Code: isdsc.FailedToConfigureIPsec, What: "IPsec", Reason: "cannot tell what exists: " + Reason(err), Err: err}
	}
	s.Existing = existing
	plan, err := a.plan.resolve(s)
	plan, err = a.withGroups(s, plan, err, groups)
	before := a.result.IPsec
	a.result.IPsec = plan
	switch {
	case err != nil:
		return plan, &isdsc.Error{Code: planCode(err), What: "IPsec", Reason: Reason(err), Err: err}
	case a.further && plan.WeakerThan(before):
		what := "a redirection leads to less protection: "
		if len(a.result.Redirects) == 0 {
			what = "the second try would have less protection than the first: "
		}
		return plan, &isdsc.Error{Code: isdsc.FailedToConfigureIPsec, What: "IPsec", Reason: what + plan.Why}
	case a.probing && plan.WeakerThan(before):
		return plan, &isdsc.Error{Code: isdsc.FailedToConfigureIPsec, What: "IPsec", Reason: "the address would have less protection than the portal: " + plan.Why}
	case a.retried.weakened(from.Address, dst, plan):
		return plan, &isdsc.Error{Code: isdsc.FailedToConfigureIPsec, What: "IPsec", Reason: "less protection than at an earlier try: " + plan.Why}
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

// A knownPlan is the plan that was resolved last: most portals of a run have the
// same settings.
type knownPlan struct {
	settings ipsec.Settings
	plan     ipsec.Plan
	known    bool
}

// resolve returns the plan for settings.
func (k *knownPlan) resolve(s ipsec.Settings) (ipsec.Plan, error) {
	old := &k.settings
	if k.known && len(s.Previous) == 0 && s.Existing == old.Existing && s.Flags == old.Flags && s.Default == old.Default &&
		s.RequireIPsec == old.RequireIPsec && s.RefuseUnknown == old.RefuseUnknown {
		return k.plan, nil
	}
	plan, err := s.Resolve()
	*k = knownPlan{settings: s, plan: plan, known: err == nil && len(s.Previous) == 0}
	return plan, err
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

// lookLimit is how long it may take to look what the system has. That serves many
// portals, so it does not depend on what one of them has.
const lookLimit = 5 * time.Second

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
	a.clock.pause()
	defer a.clock.resume()
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

// connect plans the connection and makes it: under the plan, or not at all.
func (a *attempt) connect(ctx context.Context, from ports.Port, dst netip.AddrPort, method *auth.CHAP) (net.Conn, enforce.Dialer, error) {
	plan, err := a.agreed(ctx, from, dst, method)
	if err != nil {
		return nil, nil, err
	}
	if !plan.IPsec {
		a.stage = StageConnect
		nc, err := a.connectPatiently(ctx, from, dst)
		return nc, nil, err
	}
	secured, err := a.secured(ctx, plan, from, dst)
	if err != nil {
		return nil, nil, err
	}
	dialer, err := a.d.Enforcer.Dialer(ctx, secured)
	if err != nil {
		return nil, nil, configured(err)
	}
	a.stage = StageConnect
	nc, err := dialer.DialContext(ctx)
	if err != nil {
		a.release(dialer)
		return nil, nil, err
	}
	return nc, a.d.held.hold(dialer, from.Address, dst, plan), nil
}

// release takes the protection of a connection away. What stays is told where the
// result is not out yet.
func (a *attempt) release(d enforce.Dialer) {
	if err := d.Close(); err != nil {
		a.warnings.add(WarnLeftover, "%s", Reason(err))
	}
}

// secured gathers what the enforcer needs for a plan.
func (a *attempt) secured(ctx context.Context, plan ipsec.Plan, from ports.Port, dst netip.AddrPort) (s enforce.Request, err error) {
	refuse := func(code uint32, reason string) (enforce.Request, error) {
		return enforce.Request{}, &isdsc.Error{Code: code, What: "IPsec", Reason: reason}
	}
	if a.d.Enforcer == nil {
		return refuse(isdsc.IPsecNotSupportedOnOS, "the portal is to be asked under IPsec ("+plan.Why+"), and nothing here can set it up")
	}
	s = enforce.Request{Plan: plan, Source: from.Address, Portal: dst, Proposals: a.request.Portal.IPsec.Proposals}
	if a.bindDevice() {
		s.Device = from.Interface
	}
	if plan.InPlace() {
		return s, nil
	}
	ok := false
	if plan.Mode == ipsec.TunnelMode {
		if s.Outer, ok, err = a.outer(ctx, from, dst.Addr()); err != nil || !ok {
			return refuse(isdsc.NoTunnelOuterModeAddress, "tunnel mode, and no outer address is set for "+dst.Addr().String()+because(err))
		}
	}
	peer := enforce.Peer{Addr: dst.Addr()}
	if !a.elsewhere && !a.request.Portal.Portal.Literal().IsValid() {
		peer.Name = a.request.Portal.Portal.Host()
	}
	if s.Outer.IsValid() {
		peer = enforce.Peer{Addr: s.Outer}
	}
	peer.LocalID = a.request.Portal.IPsec.LocalID
	if !a.elsewhere {
		peer.ID = a.request.Portal.IPsec.PeerID
	}
	if s.Key, ok, err = a.key(ctx, from, peer); err != nil || !ok {
		return refuse(isdsc.TargetPresharedKeyUnavailable, "no preshared key for "+peer.String()+", and none for all"+a.kept()+because(err))
	}
	return s, nil
}

// because adds the reason to a refusal.
func because(err error) string {
	if err == nil {
		return ""
	}
	return ": " + Reason(err)
}

// Outer returns the gateway to dst: the portal's own, or the one that is known.
func (a *attempt) outer(ctx context.Context, from ports.Port, dst netip.Addr) (gateway netip.Addr, ok bool, err error) {
	if own := a.request.Portal.IPsec.Outer; own.IsValid() && !a.elsewhere {
		return own, true, nil
	}
	if a.request.Outer == nil {
		return netip.Addr{}, false, nil
	}
	err = a.ours(ctx, func(ctx context.Context) (err error) {
		gateway, ok, err = a.request.Outer(ctx, from, dst)
		return err
	})
	return gateway, ok, err
}

// Key returns the key of a peer: the portal's own, or the one that is known for the
// peer. The portal's own key authenticates the portal's host, so another host that
// the portal sent us to never gets it, whatever the redirect policy.
func (a *attempt) key(ctx context.Context, from ports.Port, peer enforce.Peer) (key enforce.PSK, ok bool, err error) {
	own := &a.request.Portal.IPsec
	switch {
	case !own.Key.IsZero() && !a.elsewhere:
		key, ok = enforce.PSK{Secret: own.Key}, true
	case a.request.Key != nil:
		err = a.ours(ctx, func(ctx context.Context) (err error) {
			key, ok, err = a.request.Key(ctx, from, peer)
			return err
		})
	}
	if own.LocalID != "" {
		key.Local = own.LocalID
	}
	if peer.ID != "" {
		key.Remote = peer.ID
	}
	return key, ok, err
}

// kept says why the portal's own key was of no use.
func (a *attempt) kept() string {
	if a.elsewhere && !a.request.Portal.IPsec.Key.IsZero() {
		return "; the portal's own stays with the host it was given for"
	}
	return ""
}

// configured gives an enforcer's error a code, unless it has one.
func configured(err error) error {
	var config *isdsc.Error
	if errors.As(err, &config) {
		return err
	}
	return &isdsc.Error{Code: isdsc.FailedToConfigureIPsec, What: "IPsec", Reason: Reason(err), Err: err}
}

// prove reads the proof of a protected connection. Without one the connection
// counts for nothing.
func (a *attempt) prove(ctx context.Context, dialer enforce.Dialer) error {
	if dialer == nil {
		return nil
	}
	proof, err := dialer.Proof(ctx)
	if err != nil {
		a.stage = StageSecure
		return configured(err)
	}
	a.result.Proof = &proof
	return nil
}

// mayProtect reports whether the connections of a request may turn out protected, so
// that a short secret cannot be refused beforehand.
func (d *Discoverer) mayProtect(j *Request) bool {
	plan, err := j.Settings().Resolve()
	return err == nil && plan.Protects() || d.Enforcer != nil
}
