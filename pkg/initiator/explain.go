package initiator

import (
	"context"
	"net/netip"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
)

// An Explanation says under which IPsec a portal would be asked right now, on one
// of the ways to it.
type Explanation struct {
	Portal  SendTargetPortal // without its secrets
	Address netip.AddrPort   // that would be connected to
	Port    ports.Port       // from which it would be

	Plan     ipsec.Plan // also where it would be refused
	Enforcer string     // what would make the connection, as in a Proof; empty: the plan needs no enforcer, there is none, or it does not say
	Key      bool       // the preshared key that the plan needs is there
	Outer    netip.Addr // the gateway, in tunnel mode

	// Ignored are the rules for portal groups and the portal security bitmaps of iSNS
	// servers that would give less than the plan, one line each.
	Ignored []string

	// Err is why nothing would be sent; an *Error. nil: nothing that is known
	// beforehand speaks against the connection.
	Err error
}

// Explain says under which IPsec a portal would be asked, and why: for each of
// its addresses, and for each initiator port in turn. Nothing is sent to the
// portal. A host name is looked up, though, and secrets are not tried.
func (d *Discoverer) Explain(ctx context.Context, p SendTargetPortal) ([]Explanation, error) {
	for j := range d.requests(func(yield func(SendTargetPortal) bool) { yield(p) }) {
		return d.ExplainRequest(ctx, *j)
	}
	return nil, nil
}

// ExplainRequest is Explain for a request.
func (d *Discoverer) ExplainRequest(ctx context.Context, j Request) ([]Explanation, error) {
	if j.Err != nil {
		return nil, j.Err
	}
	a := attempt{worker: &worker{d: d}, request: j}
	a.result.Asked, a.result.InitiatorName = j.Portal, j.Name
	method, err := a.validate()
	if err != nil {
		return nil, a.fail(at(StageValidate, err))
	}
	addrs, err := a.addresses(ctx)
	if err != nil {
		return nil, a.fail(at(StageResolve, err))
	}
	var all []Explanation
	for _, dst := range addrs {
		ports, err := a.sources(ctx, dst)
		if err != nil {
			all = append(all, Explanation{Portal: WithoutSecrets(j.Portal), Address: dst, Err: err})
		}
		for _, from := range ports {
			all = append(all, a.explain(ctx, from, zoned(dst, from), method))
		}
	}
	return all, nil
}

// sources returns the ports to ask dst from, with their addresses also where
// these would be left to the connection.
func (a *attempt) sources(ctx context.Context, dst netip.AddrPort) ([]ports.Port, error) {
	from, err := a.ports(ctx, dst)
	if err != nil || from[0].Address.IsValid() {
		return from, a.fail(err)
	}
	from, err = a.selector().Choose(ctx, "", ports.All, dst)
	return from, a.fail(at(StageSelectPort, err))
}

// explain goes as far as connect does before it dials.
func (a *attempt) explain(ctx context.Context, from ports.Port, dst netip.AddrPort, method *auth.CHAP) Explanation {
	a.result.Address, a.result.Source, a.result.InitiatorPort = dst, from.Address, from
	e := Explanation{Portal: WithoutSecrets(a.request.Portal), Address: dst, Port: from}
	a.ignored = nil
	e.Err = a.fail(at(StageSecure, a.timed(ctx, a.d.timeout(), func(ctx context.Context) (err error) {
		if e.Plan, err = a.agreed(ctx, from, dst, method); err != nil || !e.Plan.IPsec {
			return cause(ctx, err)
		}
		secured, err := a.secured(ctx, e.Plan, from, dst)
		if e.Key = !secured.PSK.Secret.IsZero(); e.Key {
			e.Outer = secured.Gateway
		}
		if err != nil {
			return cause(ctx, err)
		}
		if who, ok := a.d.Enforcer.(enforce.Announcer); ok {
			e.Enforcer, err = who.Announce(ctx, secured)
			err = coded(err)
		}
		return cause(ctx, err)
	})))
	e.Ignored = a.ignored
	return e
}
