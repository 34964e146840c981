package xfrm

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"time"

	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
)

// Name is what an Enforcer of this package is called in a Proof.
const Name = "xfrm"

// DefaultWait is how long a connection waits for security associations that an
// IKE daemon has to negotiate for a policy of the host.
const DefaultWait = 5 * time.Second

// An Enforcer makes connections that the kernel's policies protect already. The
// zero value is ready to use.
//
// It does not rely on these policies to stay: each connection is held to the
// templates of the policies that were found, so when an administrator flushes
// them in the middle of it, or the daemon that made them goes, it ends rather
// than goes on in clear text.
type Enforcer struct {
	Wait time.Duration // for associations that are not there yet; 0: DefaultWait
}

// Means returns Name, and no flags: no keys are negotiated here.
func (e *Enforcer) Means() ipsec.Means { return ipsec.Means{Enforcer: Name} }

// Existing is the function Existing.
func (e *Enforcer) Existing(ctx context.Context, src netip.Addr, dst netip.AddrPort) (ipsec.Existing, error) {
	return Existing(ctx, src, dst)
}

// Dialer prepares a connection under a plan that is in place by the kernel's
// policies. Any other plan is refused: keys are not negotiated here.
func (e *Enforcer) Dialer(ctx context.Context, s enforce.Request) (enforce.Dialer, error) {
	if err := s.Check(e.Means()); err != nil {
		return nil, err
	}
	f, err := find(ctx, s.Source, s.Portal)
	if err != nil {
		return nil, failed(err)
	}
	if f.existing.Kind != ipsec.ExistingProtection {
		return nil, &ipsec.ConfigureError{Reason: "the protection that was found (" + s.Plan.Existing.String() + ") is not the kernel's, or is gone"}
	}
	d := &secureDialer{ // of one family: a hold is
		dialer: Dialer{Hold: f.hold(), Source: s.Source.Unmap(), Device: s.Device, Wait: e.Wait},
		portal: netip.AddrPortFrom(s.Portal.Addr().Unmap(), s.Portal.Port()),
	}
	if len(d.dialer.Hold.out) == 0 {
		return nil, failed(&BlockedError{Policy: f.existing.Name})
	}
	if d.dialer.Wait == 0 {
		d.dialer.Wait = DefaultWait
	}
	before, err := listStates(ctx)
	if err != nil {
		return nil, failed(err)
	}
	d.before = counted(before)
	return d, nil
}

// Announce returns Name for a plan that is in place, and why not for any other.
func (e *Enforcer) Announce(_ context.Context, s enforce.Request) (string, error) {
	if err := s.Check(e.Means()); err != nil {
		return "", err
	}
	return Name, nil
}

// failed returns an error of this package as one of the contract.
func failed(err error) error {
	return &ipsec.ConfigureError{Reason: err.Error(), Err: err}
}

// A secureDialer makes one connection under the templates of policies that
// exist.
type secureDialer struct {
	dialer Dialer
	portal netip.AddrPort
	before map[stateKey]uint64 // bytes
}

// DialContext connects, and looks whether the associations encrypt before
// anybody can say something: policies do not tell.
func (d *secureDialer) DialContext(ctx context.Context) (net.Conn, error) {
	nc, err := d.dialer.DialContext(ctx, d.portal)
	if err != nil {
		return nil, Refused(err)
	}
	if _, err := d.Proof(ctx); err != nil {
		nc.Close()
		return nil, err
	}
	return nc, nil
}

// Refused returns an error of a Dialer as an *ipsec.ConfigureError that wraps it
// where it is one of this package, and nothing was sent; others as they are.
func Refused(err error) error {
	var (
		hold    *HoldError
		none    *NoAssociationError
		blocked *BlockedError
	)
	if errors.As(err, &hold) || errors.As(err, &none) || errors.As(err, &blocked) {
		return failed(err)
	}
	return err
}

// Close lets go of the connection. The associations are the host's, and stay; so
// do its policies, which are for whatever the kernel still has to answer.
func (d *secureDialer) Close() error { return d.dialer.Close() }
