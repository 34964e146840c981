package registry

import (
	"context"
	"fmt"
	"net/netip"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/ipsec"
)

// NewProber returns a Prober for the results of s. A portal of the registry is
// probed as its entry says, with the entry's secrets, keys and policies, and an
// address under what is defined for it besides: flags that a portal of that address
// was given, or that came with its key, protect a probe as they protect the portal.
func (s *Service) NewProber(kind initiator.ProbeKind) *initiator.Prober {
	p := s.cfg.Discoverer.NewProber(kind)
	p.Addresses = s.cfg.Addresses
	var once rulesOnce // for all that it probes
	p.Request = func(ctx context.Context, r *initiator.Result) (initiator.Request, error) {
		under, err := once.of(ctx, s)
		if err != nil {
			return initiator.Request{}, err
		}
		j, _, _, err := under.entry(ctx, r.Asked.Key(), false)
		return j, err
	}
	p.RequestThere = func(ctx context.Context, j initiator.Request, dst netip.AddrPort) (initiator.Request, error) {
		under, err := once.of(ctx, s)
		if err != nil {
			return j, err
		}
		return under.requestThere(ctx, j, dst)
	}
	return p
}

// requestThere returns the request of a portal for an address that it advertises. What
// decides about IPsec at the portal does so there as well, unless what was defined
// for the address itself protects more.
func (s *Service) requestThere(ctx context.Context, j initiator.Request, dst netip.AddrPort) (initiator.Request, error) {
	if s.cfg.Allow != nil {
		if err := s.cfg.Allow(dst); err != nil {
			return j, fmt.Errorf("redirected to %s: %w", dst, err)
		}
	}
	there := j
	there.Portal.Portal, there.Portal.Security = initiator.Portal{Address: dst.Addr().String(), Port: dst.Port()}, 0
	var err error
	if there.Security, err = s.security(ctx, &there.Portal); err != nil {
		return j, storeError(err)
	}
	if weaker(j.Settings(), there.Settings()) {
		j.Security, j.Portal.Security = there.Security, 0
	}
	return j, nil
}

// weaker reports whether settings lead to a plan that protects less than others do,
// as long as nothing exists.
func weaker(a, b ipsec.Settings) bool {
	planA, errA := a.Resolve()
	planB, errB := b.Resolve()
	return errA == nil && errB == nil && planA.WeakerThan(planB)
}
