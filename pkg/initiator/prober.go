package initiator

import (
	"context"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/descriptors"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

// A ProbeKind says how an advertised address is tried.
type ProbeKind uint8

// The kinds.
const (
	ProbeTCP   ProbeKind = iota // a TCP connection, closed as soon as it is there
	ProbeLogin                  // a discovery login and a logout; no targets are asked for
)

// String returns the word that the command takes.
func (k ProbeKind) String() string {
	if k == ProbeLogin {
		return "login"
	}
	return "tcp"
}

// Bounds of a Prober.
const (
	// MaxProbes is how many addresses (IP address and TCP port) a Prober tries in
	// its life, whatever targets advertise. The others are NotTried.
	MaxProbes = 256

	// ProbeTimeout is the time that one probe has by default, or the Discoverer's
	// Timeout where that is shorter.
	ProbeTimeout = 5 * time.Second
)

// A Prober finds out which of the addresses that targets advertise can be reached
// from here. It is made by [Discoverer.NewProber] or [registry.Service.NewProber], one for a
// run: it tries at most MaxProbes addresses, each of them once from the same source,
// and knows the outcome from then on. The zero value tries nothing. Fields may be set before the first use;
// methods may be called from several goroutines.
//
// Each probe comes from the source of the session that advertised the address. Where
// that source cannot reach such an address (IPv4 and IPv6) another one is found as
// for a portal, unless the portal named its source: then the address is NotTried.
//
// Each probe is made under the plan for IPsec that holds for its address, or not at
// all, and never under a plan that protects less than the portal's own.
//
// CHAP credentials go to the host that was asked, which is the same IP address. Other
// hosts are probed without, and not at all where CHAP is mutual, unless the redirect
// policy is RedirectAny. A preshared key that came with the portal goes to no other
// host, whatever the policy.
//
// Never tried are addresses of this host, loopback among them, whichever portal
// advertises them, addresses that are not Usable, and host names. The portal that
// was asked is Reachable without another connection.
type Prober struct {
	Kind     ProbeKind
	Parallel int           // probes at once; 0: DefaultParallel
	Timeout  time.Duration // for one probe; 0: ProbeTimeout. Never more than the Discoverer's

	Addresses    func() ([]ports.Address, error) // of this host; nil: ports.Addresses
	d            *Discoverer
	Request      func(ctx context.Context, r *Result) (Request, error)
	RequestThere func(ctx context.Context, j Request, dst netip.AddrPort) (Request, error) // for an address that it advertises; nil: the same
	pool         *pool
	once         sync.Once
	free         chan struct{} // one for each probe under way

	mu      sync.Mutex // guards the following
	known   map[probeKey]*probed
	tried   map[netip.AddrPort]bool
	methods []*auth.CHAP // that are told apart
}

// NewProber returns a Prober for the results of d.
func (d *Discoverer) NewProber(kind ProbeKind) *Prober {
	p := &Prober{
		Kind: kind,
		d:    d,
		Request: func(_ context.Context, r *Result) (Request, error) {
			var own Request
			for j := range d.requests(slices.Values([]SendTargetPortal{r.Asked})) {
				own = *j
			}
			return own, own.Err
		},
		known: make(map[probeKey]*probed),
		tried: make(map[netip.AddrPort]bool),
	}
	if d.Rules != nil {
		p.RequestThere = d.Rules.RequestThere
	}
	return p
}

// Probe tries addresses that the targets of r advertise, at most Parallel at once,
// and sets Reach of each in place. The result says from which source they were shown,
// to which initiator, and under which plan. Why an address was not tried, or a login
// failed, is added to the warnings of r. When ctx ends, the addresses that are left are
// NotTried.
func (p *Prober) Probe(ctx context.Context, r *Result, addresses []target.Address) {
	p.once.Do(p.begin)
	c := &probeCall{p: p, ctx: ctx, r: r, settled: make(map[string]*probed)}
	type place struct {
		host string
		port uint16
	}
	known := make(map[place]*probed)
	order := make([]*target.Address, 0, len(addresses)) // one of each place
	for i := range addresses {
		a := &addresses[i]
		at := place{a.Host, a.Port}
		if known[at] == nil {
			known[at] = c.try(*a)
			order = append(order, a)
		}
	}
	for i := range addresses {
		a := &addresses[i]
		o := known[place{a.Host, a.Port}]
		<-o.done
		a.Reach = o.reach
	}
	var report probeReport
	for _, a := range order {
		o := known[place{a.Host, a.Port}]
		report.add(a, o, c.withheld[o])
	}
	r.Warnings = append(slices.Clip(r.Warnings), report.warnings(c.asked())...)
}

// ProbeTargets is Probe for the addresses of r.Targets, of which it makes copies.
// Targets that shared their memory do so again.
func (p *Prober) ProbeTargets(ctx context.Context, r *Result) {
	var all []target.Address
	ends := make([]int, len(r.Targets)) // in all, of each target's addresses
	for i := range r.Targets {
		a := r.Targets[i].Addresses
		if i == 0 || !sameAddresses(a, r.Targets[i-1].Addresses) {
			all = append(all, a...)
		}
		ends[i] = len(all)
	}
	p.Probe(ctx, r, all)
	r.Targets = slices.Clone(r.Targets)
	for i := range r.Targets {
		t := &r.Targets[i]
		t.Addresses = all[ends[i]-len(t.Addresses) : ends[i] : ends[i]]
	}
}

// sameAddresses reports whether two targets share the memory of their addresses.
func sameAddresses(a, b []target.Address) bool {
	return len(a) == len(b) && len(a) > 0 && &a[0] == &b[0]
}

// begin makes what depends on the fields.
func (p *Prober) begin() {
	if p.d == nil {
		p.d = new(Discoverer)
		p.Request = func(context.Context, *Result) (Request, error) {
			return Request{}, &isdsc.Error{Code: isdsc.Win32InvalidParameter, What: "prober", Reason: "it was not made by NewProber"}
		}
	}
	parallel := DefaultParallel
	if p.Parallel > 0 {
		parallel = p.Parallel
	}
	p.free = make(chan struct{}, parallel)
	// Waiting for a descriptor ends with the probe that has one, which is soon.
	p.pool = &pool{d: p.d, ctx: context.Background(), descriptors: descriptors.New(parallel), pacer: p.d.pacer.Limit(p.d.Rate)}
}

// timeout returns the time that one probe has.
func (p *Prober) timeout() time.Duration {
	limit := ProbeTimeout
	if p.Timeout > 0 {
		limit = p.Timeout
	}
	return min(limit, p.d.timeout())
}

// hostAddresses returns the addresses of this host.
func (p *Prober) hostAddresses() ([]ports.Address, error) {
	if p.Addresses != nil {
		return p.Addresses()
	}
	return ports.Addresses()
}

// method returns a number for credentials, the same for those that are equal; -1:
// there are none.
func (p *Prober) method(m *auth.CHAP) int {
	if m == nil {
		return -1
	}
	for i, k := range p.methods {
		if k.User == m.User && k.Mutual == m.Mutual && k.TargetUser == m.TargetUser &&
			k.Secret.Equal(m.Secret) && k.TargetSecret.Equal(m.TargetSecret) && slices.Equal(k.Algorithms, m.Algorithms) {
			return i
		}
	}
	p.methods = append(p.methods, m)
	return len(p.methods) - 1
}
