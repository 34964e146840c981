// Package initiator discovers iSCSI targets: a [Discoverer] logs in to target portals
// with discovery sessions (RFC 7143), asks SendTargets, and reports which targets are
// behind which portals. It needs no privileges, kernel module, daemon or configuration,
// writes nothing, and asks many portals at once in constant memory ([Discoverer.Run]).
// docs/library.md has whole programs; [Error] lists the errors, and what they mean.
package initiator

import (
	"context"
	"iter"
	"net"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/descriptors"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/feed"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/openplans"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/pace"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/session"
	"github.com/go-iscsi/discovery/pkg/initiator/login"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
)

// Discover asks one portal and returns what it found, each name once. The error
// is Result.Err; whatever was read before it is in the result all the same.
func (d *Discoverer) Discover(ctx context.Context, p SendTargetPortal) (Result, error) {
	one := func(yield func(SendTargetPortal) bool) { yield(p) }
	var (
		result Result
		begun  bool
	)
	// The loop goes on after the result, for the logout.
	for result = range d.DiscoverRequests(ctx, d.requests(one), 1) {
		begun = true
	}
	if !begun {
		result = Result{Asked: p, InitiatorName: d.InitiatorName}
		result.Err = &Error{Stage: StageValidate, Portal: p.Portal, Err: context.Cause(ctx)}
	}
	return result, result.Err
}

// DiscoverAll asks portals, many at once, and yields a result for each that was
// begun, in the order of the sequence. An answer of more than MaxCollectedText
// bytes fails its portal, unless d.MaxText says otherwise. So does one that takes too much
// of d.MaxHeld while other portals are under way: an eighth is kept for lists of usual
// length, and of the rest a portal takes no more than it leaves to others. The error is a
// *pdu.LimitError where it sent too much, a *MemoryError where the others have the room. What was read before is
// in the result. A portal is begun once fewer than 65,536 results wait for an earlier
// one.
func (d *Discoverer) DiscoverAll(ctx context.Context, portals iter.Seq[SendTargetPortal]) iter.Seq[Result] {
	return d.DiscoverRequests(ctx, d.requests(portals), 0)
}

// DiscoverRequests is DiscoverAll for requests that are made by the caller: a registry, which
// knows more of its portals than they say themselves. parallel is how many portals are
// asked at once; 0: as many as d says. A request is valid until the next one is yielded.
func (d *Discoverer) DiscoverRequests(ctx context.Context, requests iter.Seq[*Request], parallel int) iter.Seq[Result] {
	return d.collect(ctx, requests, parallel, true)
}

// RequestsAsDone is DiscoverRequests in the order in which portals are done.
func (d *Discoverer) RequestsAsDone(ctx context.Context, requests iter.Seq[*Request], parallel int) iter.Seq[Result] {
	return d.collect(ctx, requests, parallel, false)
}

// collect collects the answers of requests. inOrder says whether a result waits for those
// of the requests before its own.
func (d *Discoverer) collect(ctx context.Context, requests iter.Seq[*Request], parallel int, inOrder bool) iter.Seq[Result] {
	if parallel == 0 {
		parallel = d.parallel()
	}
	return func(yield func(Result) bool) {
		under := feed.NewAhead(feed.MaxAhead)
		q := orderQueue{
			heldRoom: heldRoom{room: d.maxHeld(), only: func() bool { return under.Count() <= 1 }},
			waiting:  make(map[int]*heldPortal), whole: true,
		}
		for b := range d.run(ctx, requests, under, parallel) {
			if d.Found != nil {
				d.Found(b)
			}
			if q.add(b); !inOrder {
				q.turn = b.Index
			}
			for r := q.nextWhole(); r != nil; r = q.nextWhole() {
				under.Leave()
				if !yield(*r) {
					return
				}
			}
		}
	}
}

// Defaults of a Discoverer.
const (
	DefaultTimeout    = 15 * time.Second // for one portal
	DefaultParallel   = 64               // portals at once
	DefaultMaxTargets = 4 << 20          // of one portal
	DefaultMaxText    = session.DefaultMaxText

	// MaxCollectedText is how long an answer may be, in bytes, where it is
	// collected rather than streamed; MaxCollectedTotal is what all that is collected
	// may take in memory at once.
	MaxCollectedText  = 64 << 20
	MaxCollectedTotal = 256 << 20

	MaxRedirects  = 4    // how often a login may be sent on
	MaxConnecting = 4096 // most connections that may be in progress at once
)

// maxRecvDataSegmentLength is what we declare, in bytes. LIO and istgt need it
// declared, and istgt needs it large to send long lists whole.
const maxRecvDataSegmentLength = 256 << 10

// logoutWait is how long a Logout Response is waited for. The result is out by
// then.
const logoutWait = time.Second

// A Discoverer asks portals which targets are behind them. Its zero value is
// ready to use once InitiatorName is set. Fields must not change while it is in
// use; its methods may be called from several goroutines.
type Discoverer struct {
	InitiatorName string // our iSCSI name, which is sent as it stands here; required (see CheckName)

	Timeout    time.Duration // for one portal, all in all; 0: DefaultTimeout
	Retries    int           // further tries of a portal after what Retryable reports, within Timeout; at most MaxRetries; 0: none
	Parallel   int           // sessions at once; 0: DefaultParallel
	MaxText    int64         // longest answer in bytes; 0: DefaultMaxText, or MaxCollectedText where it is collected
	MaxHeld    int64         // bytes of memory for all targets that are collected and not taken yet; 0: MaxCollectedTotal
	MaxTargets int           // most targets of a portal; 0: DefaultMaxTargets. A registry has it for iSNS servers too; 0: isns.DefaultMaxTargets

	// For each TCP connection in clear, from any connection to the end of its login, and for
	// each response after it; 0: Timeout alone. Linux sends a SYN again after 1, 3 and 7 s.
	ConnectTimeout, LoginTimeout, ResponseTimeout time.Duration

	// Connecting is how many connections may be in progress beside the sessions, since a portal
	// that does not answer at once waits outside of them; at most half of the files that the
	// process may open. 0: up to MaxConnecting, or, where Parallel is 1, none, as if negative.
	Connecting int
	Rate       int     // connections begun in a second, over all runs; 0: unlimited
	Stages     *Stages // counts how far portals have come; nil: they are not counted

	Redirect login.RedirectPolicy

	// ResolveRedirects lets a target send us to a host name. By default only
	// literal addresses are followed: a target shall not make us ask the DNS.
	ResolveRedirects bool

	// StrictNames leaves out targets whose names are no iSCSI names in form (RFC 7143, section 4.2.7), and
	// refuses such a name of our own; false: they are taken with a warning. Harmful names never are: see CheckName.
	StrictNames bool

	Strict bool // holds CHAP secrets to the reference API's 16 bytes

	// Selector finds the source addresses of portals that name an instance or a port number, and tells
	// the numbers of the others. nil: no instance is known, and routing decides.
	Selector *ports.Selector

	// BindDevice binds each connection to the network interface of its port as well, since a reply may otherwise
	// leave and come by another. Linux only; elsewhere, and where it is not permitted, the connection fails.
	BindDevice bool

	// Enforcer makes the connections that are to run over IPsec, and tells what
	// exists. nil: such portals are refused, and what exists is unknown.
	Enforcer enforce.Enforcer

	// NothingExists says, where Enforcer is nil, that the caller has just looked and
	// the system has no IPsec for any connection: what exists is none then.
	NothingExists bool

	PSK     PSKFunc     // preshared keys of peers; nil: none is known
	Gateway GatewayFunc // outer addresses in tunnel mode; nil: none is known

	// Rules are those of a registry, for portals that are not in it: they hold as they do for
	// Service.AddSendTargetPortal. They go before PSK and Gateway. nil: no registry is read.
	Rules RuleSet

	Lookup func(ctx context.Context, host string) ([]netip.Addr, error) // of the host names of portals; nil: net.DefaultResolver

	// Dial connects from source, where that is valid, to dst; nil: TCP. It does
	// not go along with BindDevice.
	Dial func(ctx context.Context, source netip.Addr, dst netip.AddrPort) (net.Conn, error)

	// Wrap, where it is set, may put something around each connection, such as
	// what writes its bytes down. It sees them before IPsec does.
	Wrap func(net.Conn) net.Conn

	Trace func(TraceEvent) // called for each PDU, from several goroutines at once; nil: nothing is
	Found func(*Batch)     // called with each batch before DiscoverRequests collects it, in its loop; nil: nothing is

	// Reached is called when a portal comes to a stage, from several goroutines at once; nil: it
	// is not. index counts portals as they are begun. The first call for a portal has
	// StageValidate, as have pauses between its tries, and the last has StageLogout: the result
	// is there.
	Reached func(index int, p Portal, s Stage)

	challenges auth.Challenges // of all sessions: a target must not reflect them
	pacer      pace.Pacer      // of all connections
	openPlans  openplans.Plans // protection of the connections that are open
}

// Stages count portals, each once in a stage, and targets. Any goroutine may read them.
type Stages struct{ Begun, Connected, LoggedIn, Done, Targets atomic.Int64 }

func (d *Discoverer) timeout() time.Duration {
	if d.Timeout > 0 {
		return d.Timeout
	}
	return DefaultTimeout
}

func (d *Discoverer) parallel() int {
	if d.Parallel > 0 {
		return d.Parallel
	}
	return DefaultParallel
}

func (d *Discoverer) maxText(collected bool) int64 {
	switch {
	case d.MaxText > 0:
		return d.MaxText
	case collected:
		return MaxCollectedText
	}
	return DefaultMaxText
}

func (d *Discoverer) maxHeld() int64 {
	if d.MaxHeld > 0 {
		return d.MaxHeld
	}
	return MaxCollectedTotal
}

func (d *Discoverer) maxTargets() int {
	if d.MaxTargets > 0 {
		return d.MaxTargets
	}
	return DefaultMaxTargets
}

func (d *Discoverer) lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	if d.Lookup != nil {
		return d.Lookup(ctx, host)
	}
	return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
}

// connecting returns how many connections may be in progress beside parallel sessions.
func (d *Discoverer) connecting(parallel int) int {
	n := d.Connecting
	switch {
	case n > 0:
	case n < 0, parallel == 1:
		return 0
	default:
		n = MaxConnecting
	}
	return min(n, MaxConnecting, max(descriptors.Limit()/2, 1))
}
