package auto

import (
	"context"
	"net/netip"
	"sync/atomic"

	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
	"github.com/go-iscsi/discovery/pkg/ipsec/strongswan"
)

// Name is the Enforcer of the Means of an Enforcer of this package. A Proof has the name of
// the enforcer that was chosen.
const Name = "auto"

// An Enforcer chooses for each connection which of three enforcers makes it:
//
//   - Kernel, where the protection is in place
//   - Daemon, where the IKE daemon answers, this process may speak with it, and sockets can
//     be held
//   - Own otherwise
//
// Where the daemon turns out to have a kernel without ESP, what it has set up is taken out
// again and Own makes the connection, in the same call; the daemon is not asked again. That
// a negotiation fails is no reason to choose another: the peer would be asked twice, and
// might agree to less the second time. Nor is a context that ended while the daemon was
// asked. New returns one for this system.
//
// Fields must not change while it is in use.
type Enforcer struct {
	Kernel enforce.Enforcer // xfrm; nil: plans in place are Daemon's, or else Own's to refuse
	Daemon enforce.Enforcer // strongSwan's; nil: there is none on this system
	Own    enforce.Enforcer // in this process; nil: where the daemon cannot be had there is none

	// Chosen is told what was chosen, and by Announce what would be. It may be called from
	// several goroutines. nil: it is not told.
	Chosen func(Choice)

	unusable atomic.Pointer[strongswan.NoESPError] // the daemon's kernel
}

// A Choice is an enforcer that was chosen for a connection.
type Choice struct {
	Source   netip.Addr
	Portal   netip.AddrPort
	Enforcer string // the one that was chosen
	Before   string // the one that would have come before it; empty: none would
	Why      error  // why not that one
}

// Means returns Name, and what any of the enforcers can do.
func (e *Enforcer) Means() ipsec.Means {
	m := ipsec.Means{Enforcer: Name}
	for _, one := range []enforce.Enforcer{e.Daemon, e.Own} {
		if one != nil {
			m.Can |= one.Means().Can
		}
	}
	return m
}

// Existing is that of Daemon, which knows the kernel's policies as well, and without a
// daemon that of Own.
func (e *Enforcer) Existing(ctx context.Context, src netip.Addr, dst netip.AddrPort) (ipsec.Existing, error) {
	for _, one := range []enforce.Enforcer{e.Daemon, e.Own, e.Kernel} {
		if one != nil {
			return one.Existing(ctx, src, dst)
		}
	}
	return ipsec.Existing{Kind: ipsec.ExistingUnknown}, nil
}

// Dialer has the connection prepared by the enforcer that is chosen.
func (e *Enforcer) Dialer(ctx context.Context, s enforce.Request) (enforce.Dialer, error) {
	return choose(ctx, e, s, func(one enforce.Enforcer) (enforce.Dialer, error) { return one.Dialer(ctx, s) })
}

// Announce returns the name of the enforcer that would be chosen. Whether the daemon's
// kernel has ESP shows only when it negotiates.
func (e *Enforcer) Announce(ctx context.Context, s enforce.Request) (string, error) {
	return choose(ctx, e, s, func(one enforce.Enforcer) (string, error) {
		if a, ok := one.(enforce.Announcer); ok {
			return a.Announce(ctx, s)
		}
		if err := s.Check(one.Means()); err != nil {
			return "", err
		}
		return one.Means().Enforcer, nil
	})
}

// choose has the enforcer that is right for a request do something.
func choose[T any](ctx context.Context, e *Enforcer, s enforce.Request, do func(enforce.Enforcer) (T, error)) (result T, err error) {
	if err := s.Check(e.Means()); err != nil {
		return result, err
	}
	c := Choice{Source: s.Source, Portal: s.Portal}
	tell := func(one enforce.Enforcer) {
		if c.Enforcer = one.Means().Enforcer; e.Chosen != nil {
			e.Chosen(c)
		}
	}
	if s.Plan.InPlace() && e.Kernel != nil {
		tell(e.Kernel)
		return do(e.Kernel)
	}
	if e.Daemon != nil {
		if why := e.unusable.Load(); why != nil {
			err = why
		} else {
			result, err = do(e.Daemon)
		}
		if err == nil || e.Own == nil || s.Plan.InPlace() || ctx.Err() != nil || !e.instead(err) {
			tell(e.Daemon)
			return result, err
		}
		c.Before, c.Why = e.Daemon.Means().Enforcer, reason(err)
	}
	if e.Own == nil {
		return result, &ipsec.NoEnforcerError{Err: c.Why}
	}
	tell(e.Own)
	return do(e.Own)
}
