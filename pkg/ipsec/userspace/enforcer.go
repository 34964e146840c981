package userspace

import (
	"cmp"
	"context"
	"net"
	"net/netip"
	"runtime"
	"sync"

	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
	"github.com/go-iscsi/discovery/pkg/ipsec/xfrm"
)

// Name is what an Enforcer of this package is called in a Proof.
const Name = "userspace"

// DefaultMTU is how long an IP packet within ESP is at most, in bytes. With what IPsec
// adds it fits where 1400 bytes fit.
const DefaultMTU = 1280

// maxMTU is the most that MTU can be: that of jumbo frames.
const maxMTU = 9000

// maxNegotiations is how many negotiations an Enforcer runs at a time.
const maxNegotiations = 16

// An Enforcer negotiates keys and protects connections within the process. Its zero
// value is ready to use. Fields must not change while it is in use.
//
// Connections that have source, peer, identities, key, version, exchange and proposals in
// common share an IKE security association, which ends with the last of them. Each
// connection has its own security associations of ESP, whose selectors are its addresses
// and ports, so that connections of several processes do not get in each other's way. With
// a peer that agrees only on wider selectors, connections between the same two addresses
// take turns within the process, and the proof of each carries a warning.
//
// ESP is always within UDP, so a peer without NAT traversal is refused.
type Enforcer struct {
	// Proposals are the algorithms to offer to portals that have none of their own, as
	// ipsec.ParseProposals reads them; empty: what that package has by default.
	Proposals string

	// MTU is how long an IP packet within ESP is at most, in bytes, from 1280 to 9000;
	// what is less or more counts as the nearer of these. 0: DefaultMTU.
	MTU int

	started sync.Once
	turns   chan struct{} // set by started; one in it for each negotiation that is under way

	mu    sync.Mutex
	sas   map[saKey]*ikeSA       // guarded by mu
	wide  map[pair]bool          // guarded by mu: pairs of which the peer is known to agree on wide selectors only
	inUse map[pair]chan struct{} // guarded by mu: pairs whose turn a connection has; closed when it is over

	// What the system does, for tests of everything else; nil: the system.
	listen func(ctx context.Context, source netip.Addr, device string) (socket, error)
	dial   func(ctx context.Context, c *child) (tcpConn, error)
}

var _ enforce.Announcer = (*Enforcer)(nil)

// Means returns Name, and that it does each mode and exchange, with PFS or without.
func (e *Enforcer) Means() ipsec.Means {
	return ipsec.Means{
		Enforcer: Name,
		Can:      ipsec.FlagIKE | ipsec.FlagMain | ipsec.FlagAggressive | ipsec.FlagPFS | ipsec.FlagTransport | ipsec.FlagTunnel,
	}
}

// Existing says what the policies of the kernel come to, on Linux; elsewhere that is
// unknown.
func (e *Enforcer) Existing(ctx context.Context, src netip.Addr, dst netip.AddrPort) (ipsec.Existing, error) {
	if runtime.GOOS != "linux" {
		return ipsec.Existing{Kind: ipsec.ExistingUnknown, Name: "the policies of " + runtime.GOOS + " are not known here"}, nil
	}
	return xfrm.Existing(ctx, src, dst)
}

// Announce returns Name, or why Dialer would refuse the request.
func (e *Enforcer) Announce(_ context.Context, s enforce.Request) (string, error) {
	if _, err := e.admit(s); err != nil {
		return "", err
	}
	return Name, nil
}

// admit returns a request that can be carried out, with its addresses unmapped.
func (e *Enforcer) admit(s enforce.Request) (enforce.Request, error) {
	s.Proposals = cmp.Or(s.Proposals, e.Proposals)
	if err := s.Check(e.Means()); err != nil {
		return s, err
	}
	if s.Plan.InPlace() {
		return s, &ipsec.UnsupportedError{Enforcer: Name, Reason: "only the system can connect under the protection that it has in place, and " + Name + " does not use the system's"}
	}
	s.Source = s.Source.Unmap()
	s.Portal = netip.AddrPortFrom(s.Portal.Addr().Unmap(), s.Portal.Port())
	return s, nil
}

// Dialer negotiates the security associations of a connection. Where that fails nothing
// stays.
func (e *Enforcer) Dialer(ctx context.Context, s enforce.Request) (enforce.Dialer, error) {
	s, err := e.admit(s)
	if err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, failed(context.Cause(ctx))
	}
	d := &dialer{e: e, request: s}
	if err := d.prepare(ctx); err != nil {
		_ = d.Close()
		return nil, err
	}
	return d, nil
}

// turn waits until a negotiation may begin; the function that it returns ends it.
func (e *Enforcer) turn(ctx context.Context) (end func(), err error) {
	e.started.Do(func() { e.turns = make(chan struct{}, maxNegotiations) })
	select {
	case e.turns <- struct{}{}:
		return func() { <-e.turns }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// A tcpConn is a connection over the packets of a child.
type tcpConn interface {
	net.Conn
	End(reason error) // see netstack.Conn
}
