package initiator

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"time"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
)

// lookLimit is how long it may take to look what the system has. That serves many
// portals, so it does not depend on what one of them has.
const lookLimit = 5 * time.Second

// connect plans the connection and makes it: under the plan, or not at all.
func (a *attempt) connect(ctx context.Context, from ports.Port, dst netip.AddrPort, method *auth.CHAP) (net.Conn, enforce.Dialer, error) {
	a.phase(&a.phases.Secure)
	plan, err := a.agreed(ctx, from, dst, method)
	if err != nil || plan.IPsec {
		a.entered, a.resumed = true, false // what was planned counts for what follows
		a.watch.Within(0)                  // the exchange of keys has the time of the portal
	}
	switch {
	case err != nil:
		return nil, nil, at(StageSecure, err)
	case plan.IPsec && a.overtime:
		return nil, nil, a.late()
	}
	if !plan.IPsec {
		a.phase(&a.phases.Connect)
		nc, err := a.connectPatiently(ctx, from, dst)
		return nc, nil, at(StageConnect, err)
	}
	secured, err := a.secured(ctx, plan, from, dst)
	if err != nil {
		return nil, nil, at(StageSecure, err)
	}
	if err := a.inTurn(ctx); err != nil {
		return nil, nil, at(StageConnect, err)
	}
	dialer, err := a.d.Enforcer.Dialer(ctx, secured)
	if err != nil {
		return nil, nil, at(StageSecure, configured(err))
	}
	a.phase(&a.phases.Connect)
	nc, err := dialer.DialContext(ctx)
	if err != nil {
		a.release(dialer)
		return nil, nil, at(StageConnect, coded(err))
	}
	return nc, a.d.openPlans.Hold(dialer, from.Address, dst, plan), nil
}

// release takes the protection of a connection away. What stays is told where the
// result is not out yet.
func (a *attempt) release(d enforce.Dialer) {
	if err := d.Close(); err != nil {
		a.warnings.add(WarnLeftover, "%s", Reason(err))
	}
}

// secured gathers what the enforcer needs for a plan, and checks whether it can
// carry that out. Where it cannot, what was gathered is returned to be explained.
func (a *attempt) secured(ctx context.Context, plan ipsec.Plan, from ports.Port, dst netip.AddrPort) (enforce.Request, error) {
	s := enforce.Request{Plan: plan, Source: from.Address, Portal: dst, IKE: a.request.Portal.IPsec.IKE, Proposals: a.request.Portal.IPsec.Proposals}
	if a.bindDevice() {
		s.Device = from.Interface
	}
	var means ipsec.Means
	var peer enforce.Peer
	var failed error // to look up the gateway or the key
	if a.d.Enforcer != nil {
		means = a.d.Enforcer.Means()
		peer, failed = a.gather(ctx, &s, from)
	}
	if err := s.Check(means); err != nil {
		return s, a.lacking(err, plan, peer, failed)
	}
	return s, nil
}

// lacking gives an error of Request.Check its code, and says what the attempt knows
// of the reason.
func (a *attempt) lacking(err error, plan ipsec.Plan, peer enforce.Peer, failed error) error {
	var reason string
	switch e := err.(type) { //nolint:errorlint // Check does not wrap them
	case *ipsec.NoEnforcerError:
		reason = "the portal must be asked under IPsec (" + plan.Why + "), but nothing on this host can set it up"
	case *ipsec.NoOuterAddressError:
		reason = "tunnel mode needs the outer address of a gateway, but none is set for " + e.Destination + because(failed)
	case *ipsec.NoKeyError:
		reason = "no preshared key for " + peer.String() + " or for all peers" + a.kept() + because(failed)
	default:
		return coded(err)
	}
	return &isdsc.Error{Code: Code(err), What: "IPsec", Reason: reason, Err: err}
}

// gather adds the gateway and the key that a plan needs to a request, as far as they
// are known. The error is why they could not be looked up.
func (a *attempt) gather(ctx context.Context, s *enforce.Request, from ports.Port) (peer enforce.Peer, err error) {
	if s.Plan.InPlace() {
		return peer, nil
	}
	dst, ok := s.Portal, false
	if s.Plan.Mode == ipsec.TunnelMode {
		if s.Gateway, ok, err = a.outer(ctx, from, dst.Addr()); err != nil || !ok {
			s.Gateway = netip.Addr{}
			return peer, err
		}
	}
	peer = enforce.Peer{Addr: dst.Addr()}
	if !a.otherHost && !a.request.Portal.Portal.Literal().IsValid() {
		peer.Name = a.request.Portal.Portal.Host()
	}
	if s.Gateway.IsValid() {
		peer = enforce.Peer{Addr: s.Gateway}
	}
	peer.LocalID = a.request.Portal.IPsec.LocalID
	if !a.otherHost {
		peer.ID = a.request.Portal.IPsec.PeerID
	}
	if s.PSK, ok, err = a.key(ctx, from, peer); err != nil || !ok {
		s.PSK = enforce.PSK{}
	}
	return peer, err
}

// because adds the reason to a refusal.
func because(err error) string {
	if err == nil {
		return ""
	}
	return ": " + Reason(err)
}

// outer returns the gateway to dst: the portal's own, or the one that is known.
func (a *attempt) outer(ctx context.Context, from ports.Port, dst netip.Addr) (gateway netip.Addr, ok bool, err error) {
	if own := a.request.Portal.IPsec.Gateway; own.IsValid() && !a.otherHost {
		return own, true, nil
	}
	if a.request.Gateway == nil {
		return netip.Addr{}, false, nil
	}
	err = a.ours(ctx, func(ctx context.Context) (err error) {
		gateway, ok, err = a.request.Gateway(ctx, from, dst)
		return err
	})
	return gateway, ok, err
}

// key returns the key of a peer: the portal's own, or the one that is known for the
// peer. The portal's own key authenticates the portal's host, so another host that
// the portal sent us to never gets it, whatever the redirect policy.
func (a *attempt) key(ctx context.Context, from ports.Port, peer enforce.Peer) (key enforce.PSK, ok bool, err error) {
	own := &a.request.Portal.IPsec
	switch {
	case !own.PSK.IsZero() && !a.otherHost:
		key, ok = enforce.PSK{Secret: own.PSK}, true
	case a.request.PSK != nil:
		err = a.ours(ctx, func(ctx context.Context) (err error) {
			key, ok, err = a.request.PSK(ctx, from, peer)
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
	if a.otherHost && !a.request.Portal.IPsec.PSK.IsZero() {
		return "; the portal's own key is used only for the host that it was given for"
	}
	return ""
}

// coded gives an error of package ipsec its code; it leaves others as they are.
func coded(err error) error {
	var config *isdsc.Error
	code := ipsecCode(err)
	if errors.As(err, &config) || code == 0 {
		return err
	}
	if bad := (*ipsec.RequestError)(nil); errors.As(err, &bad) && bad.What != "" {
		return &isdsc.Error{Code: code, What: bad.What, Reason: bad.Reason, Err: err}
	}
	return &isdsc.Error{Code: code, What: "IPsec", Reason: Reason(err), Err: err}
}

// configured gives an enforcer's error a code: any that has none is that it could
// not set the protection up.
func configured(err error) error {
	var config *isdsc.Error
	if err = coded(err); errors.As(err, &config) {
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
		return configured(err)
	}
	a.result.Proof = &proof
	for _, w := range proof.Warnings {
		a.warnings.add(WarningCode(w.Code), "%s", w.Message)
	}
	return nil
}
