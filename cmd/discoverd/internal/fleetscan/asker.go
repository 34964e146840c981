package fleetscan

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/login"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/ipsec"
)

// Capacity is how many shards a host asks at a time: the next one is asked while the last
// silent addresses of one are waited for.
const Capacity = 2

// maxHeld is how many bytes of memory the targets of a shard may take.
const maxHeld = 64 << 20

// An Asker asks the shards of shared scans, under the rules that the registry has for portals
// that it does not store: policies, preshared keys, gateways, initiator ports. It writes
// nothing to the registry.
type Asker struct {
	Registry registry.Config // that of the daemon's Service

	// Discoverer returns a new one for each shard. Capacity of them are in use at a time, so
	// its bounds are to be shares of those of the host: see Share.
	Discoverer func() *initiator.Discoverer

	Allow []netip.Prefix // where a redirection may lead

	asked atomic.Int64
}

// Share makes the bounds of d, which may have most connections in progress, those of one
// shard.
func Share(d *initiator.Discoverer, most int) {
	d.Parallel = max(1, cmp.Or(d.Parallel, initiator.DefaultParallel)/Capacity)
	d.Connecting = max(1, most/2/Capacity) // the portals of the registry are asked meanwhile
	if d.Rate > 0 {
		d.Rate = max(1, d.Rate/Capacity)
	}
	d.MaxHeld = maxHeld
}

// Asked returns how many portals were asked.
func (a *Asker) Asked() int64 { return a.asked.Load() }

// Ask asks portals, as sweep.Ask says.
func (a *Asker) Ask(ctx context.Context, job *fleet.Job, portals iter.Seq[netip.AddrPort]) iter.Seq[fleet.Finding] {
	return func(yield func(fleet.Finding) bool) {
		d, err := a.discoverer(ctx, job)
		if err != nil {
			refuse(portals, err, yield)
			return
		}
		requests := func(yield func(initiator.SendTargetPortal) bool) {
			for p := range portals {
				a.asked.Add(1)
				if !yield(request(job, p)) {
					return
				}
			}
		}
		for r := range d.DiscoverAll(ctx, requests) {
			if !yield(finding(&r)) {
				return
			}
		}
	}
}

// discoverer returns what asks the portals of a job, with the rules as they are now.
func (a *Asker) discoverer(ctx context.Context, job *fleet.Job) (*initiator.Discoverer, error) {
	d := a.Discoverer()
	cfg := a.Registry
	cfg.Discoverer, cfg.Allow = d, a.redirected
	s, err := registry.Open(cfg)
	if err != nil {
		return nil, err
	}
	rules, err := s.Rules(ctx)
	if err != nil {
		return nil, err
	}
	if d.Rules = rules; job.Flags != 0 {
		d.Rules = atLeast{rules, ipsec.Flags(job.Flags)}
	}
	if d.Selector, err = s.Selector(ctx, false); err != nil {
		return nil, err
	}
	if d.InitiatorName, err = s.InitiatorNodeName(ctx); err != nil {
		return nil, err
	}
	if t := time.Duration(job.Timeout * float64(time.Second)); t > 0 {
		d.Timeout = t
	}
	return d, nil
}

// request is a portal with what the job says of all. Where the job asks for IPsec, a policy
// of this host that turns it off makes the portal fail: nothing is sent in clear. The flags
// of the job are not those of the portal, which would outrank what the host has by default:
// see atLeast.
func request(job *fleet.Job, p netip.AddrPort) initiator.SendTargetPortal {
	r := initiator.SendTargetPortal{Portal: initiator.Portal{Address: p.Addr().String(), Port: p.Port()}}
	if job.Flags != 0 {
		r.Login.Flags |= login.RequireIPsec
	}
	return r
}

// errRedirected is where a redirection may not lead.
var errRedirected = errors.New("it may not be scanned from this host: it is in no block of --fleet-scan-allow")

// redirected is the rule for where a redirection leads.
func (a *Asker) redirected(dst netip.AddrPort) error {
	for _, p := range a.Allow {
		if p.Contains(dst.Addr().Unmap()) {
			return nil
		}
	}
	return errRedirected
}

// refuse makes the findings of portals that cannot be asked at all.
func refuse(portals iter.Seq[netip.AddrPort], err error, yield func(fleet.Finding) bool) {
	for p := range portals {
		at := initiator.Portal{Address: p.Addr().String(), Port: p.Port()}
		r := initiator.Result{Asked: initiator.SendTargetPortal{Portal: at}, Err: err}
		if e := (*initiator.Error)(nil); !errors.As(err, &e) {
			r.Err = &initiator.Error{Stage: initiator.StageStore, Portal: at, Err: err}
		}
		if !yield(finding(&r)) {
			return
		}
	}
}
