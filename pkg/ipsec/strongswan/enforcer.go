package strongswan

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
	"github.com/go-iscsi/discovery/pkg/ipsec/xfrm"
)

// Name is what an Enforcer of this package is called in a Proof.
const Name = "strongswan"

// Defaults of an Enforcer.
const (
	DefaultSocket = "/var/run/charon.vici"
	DefaultSettle = 30 * time.Millisecond
)

// maxNegotiations is how many negotiations run at a time: each takes one of
// charon's threads, of which it has 16 and needs some for other things.
const maxNegotiations = 4

// cleanupLimit is how long charon may take to forget a connection of ours, with
// all that this takes.
const cleanupLimit = 3 * time.Second

// An Enforcer has charon negotiate keys. Its zero value is ready to use. Fields
// must not change while it is in use.
//
// The hold is on the socket before it connects, so a daemon that fails, restarts or is an
// impostor can stop a connection, but not expose it. The rest of the host's traffic is
// not affected.
//
// Nothing stays in charon: Close unloads the connection, its key and its associations,
// and so does a set-up that fails halfway. A killed process cannot do that; the names of
// what it loaded begin with iscsi-discovery and identify the process, and the next
// Enforcer unloads what belongs to a process that no longer runs.
//
// Connections and keys of the host stay as they are. charon looks keys up by the two
// ends, so where the host has a connection with a preshared key between the same ends,
// ours would be found first, and the Enforcer refuses. It uses associations of the host
// only under plans that are in place.
//
// Connections from one address to one portal take turns, across processes: a peer answers
// under its newest associations for the selectors of a connection, and the local port is
// not part of these.
type Enforcer struct {
	// Socket is the path of charon's vici socket; empty: DefaultSocket.
	Socket string

	// Legacy offers what ipsec.ProposalsLegacy says to portals that have no Proposals
	// of their own: for targets that know nothing better.
	Legacy bool

	// Settle is how long to wait after a negotiation, since its last message has
	// no answer: a packet that comes to the peer before its keys are in place
	// is lost, and sent again after a second. 0: DefaultSettle.
	Settle time.Duration

	// Wait is for plans that are in place, as in xfrm.Enforcer.
	Wait time.Duration

	// Warn is told what concerns no portal in particular: that charon gives no
	// answer (enforce.WarnDaemon), and what earlier discoveries had left in it
	// and was taken out (enforce.WarnSwept). It may be called from several
	// goroutines. nil: it is not told.
	Warn func(ipsec.Warning)

	serials atomic.Uint64
	pairs   pairs
	look    shared[outlook]
	names   names

	started      sync.Once
	d            *daemon       // set by started, as the following
	negotiations chan struct{} // one in it for each that is under way
	sweeping     chan struct{} // one in it while a sweep is under way

	mu        sync.Mutex
	swept     bool     // guarded by mu
	leftovers []string // guarded by mu: names of ours that are still in charon

	// What the system does, for tests of everything else; nil: package xfrm.
	dial     func(context.Context, *xfrm.Dialer, netip.AddrPort) (net.Conn, error)
	policies func(context.Context, netip.Addr, netip.AddrPort) (ipsec.Existing, error)
}

// Means returns Name, and that charon negotiates keys in each mode and exchange,
// with PFS or without. Whether this charon was told to do aggressive mode shows only
// when it negotiates.
func (e *Enforcer) Means() ipsec.Means {
	return ipsec.Means{
		Enforcer: Name,
		Can:      ipsec.FlagIKE | ipsec.FlagMain | ipsec.FlagAggressive | ipsec.FlagPFS | ipsec.FlagTransport | ipsec.FlagTunnel,
	}
}

// Dialer has charon negotiate the keys of a connection under a plan, or takes
// the protection that is in place. Where that fails nothing stays behind, and
// the error says so by its type: see enforce.Enforcer.
func (e *Enforcer) Dialer(ctx context.Context, s enforce.Request) (enforce.Dialer, error) {
	if s.Plan.InPlace() {
		return (&xfrm.Enforcer{Wait: e.Wait}).Dialer(ctx, s)
	}
	if err := e.able(s); err != nil {
		return nil, err
	}
	c, err := newConnection(s, e.Legacy)
	if err != nil {
		return nil, err
	}
	leave, err := e.pairs.enter(ctx, c.source, c.portal)
	if err != nil {
		return nil, failed(err)
	}
	d := &dialer{e: e, c: c, device: s.Device, leave: leave}
	if err := d.prepare(ctx, s.PSK.Secret); err != nil {
		return nil, withLeftover(err, d.Close())
	}
	return d, nil
}

// charon returns the daemon.
func (e *Enforcer) charon() *daemon {
	e.started.Do(func() {
		path := e.Socket
		if path == "" {
			path = DefaultSocket
		}
		e.d = &daemon{socket: path, pool: newPool(path), warn: e.tell}
		e.negotiations = make(chan struct{}, maxNegotiations)
		e.sweeping = make(chan struct{}, 1)
	})
	return e.d
}

// name gives a connection its name and numbers.
func (e *Enforcer) name(c *connection) {
	n := e.serials.Add(1)
	c.name = ownerNow().name(n)
	c.reqid, c.serial = randomReqid(), randomStart()+n
}

// randomReqid returns a number that no other program uses: charon and administrators
// count from one.
func randomReqid() uint32 {
	const high = 0x4000_0000
	return high | random()%high
}

// randomStart is where serials begin, so that those of several processes differ.
var randomStart = sync.OnceValue(func() uint64 { return uint64(random()) })

func random() uint32 {
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails
	return binary.NativeEndian.Uint32(b[:])
}

// turn waits until a negotiation may begin; the function that it returns ends
// it.
func (e *Enforcer) turn(ctx context.Context) (end func(), err error) {
	e.charon()
	return enter(ctx, e.negotiations)
}

// enter takes one of the places that a channel has; the function that it returns
// gives it back.
func enter(ctx context.Context, places chan struct{}) (leave func(), err error) {
	select {
	case places <- struct{}{}:
		return func() { <-places }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}
