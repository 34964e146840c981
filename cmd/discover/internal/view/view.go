package view

import (
	"context"
	"iter"
	"net/netip"
	"slices"

	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/cmd/internal/machine"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

// An Addresses is what is shown of the addresses that targets advertise: rewritten
// first, then filtered, then probed. It changes batches and results on their way to
// the output, and nothing that is stored.
type Addresses struct {
	*flags.View
	room   int64             // bytes of targets that may be held
	prober *initiator.Prober // nil: no probes
}

// New returns the view of the flags. newProber makes what tries addresses.
func New(w *machine.Env, a *flags.View, r *flags.Run, newProber func(initiator.ProbeKind) *initiator.Prober) *Addresses {
	v := &Addresses{View: a, room: w.Room.Viewed}
	if a.Probes() {
		v.prober = newProber(a.Kind())
		v.prober.Parallel = int(r.Parallel)
		if w.Addresses != nil {
			v.prober.Addresses = w.Addresses
		}
	}
	return v
}

// warnFiltered tells how many targets are not shown.
const warnFiltered initiator.WarningCode = "filtered"

// changes reports whether anything is shown in another way than it was advertised.
func (v *Addresses) changes() bool {
	return v.prober != nil || v.ViaPortal || len(v.Rewrites) > 0 || v.Filters()
}

// Batches shows batches. Those of a portal come in their order, and together with
// its result where they have to be held until then: for probes, which come from the
// source of the session, and for --via-portal where the portal is a name. The context
// of the batches has to end before the loop is left.
func (v *Addresses) Batches(ctx context.Context, all iter.Seq[*initiator.Batch]) iter.Seq[*initiator.Batch] {
	switch {
	case v.prober != nil:
		return v.probed(ctx, all)
	case !v.changes():
		return v.noted(all)
	}
	return func(yield func(*initiator.Batch) bool) {
		open := make(map[int]*onePortal) // portals of which some was seen
		held := int64(0)                 // bytes, of all of them
		room := func(n int64) bool {
			fits := held+n <= v.room
			if fits {
				held += n
			}
			return fits
		}
		for b := range all {
			p := open[b.Index]
			if p == nil {
				p = v.portal(b.Portal)
				open[b.Index] = p
			}
			p.advertised.see(b)
			if v.ViaPortal && !p.asked.IsValid() {
				p.hold(b, room)
				if b.Result == nil {
					continue
				}
			} else {
				p.held = append(p.held, b)
			}
			if b.Result != nil {
				delete(open, b.Index)
				held -= p.bytes
			}
			if !p.flush(yield) {
				return
			}
		}
	}
}

// A place is where an address is, without its group.
type place struct {
	host string
	port uint16
}

// places appends the addresses of one target as they are shown, before any probe:
// rewritten, filtered, each once.
func (v *Addresses) places(to, advertised []target.Address, asked netip.AddrPort) []target.Address {
	if v.ViaPortal && asked.IsValid() && len(advertised) > 0 {
		one := target.Address{Host: asked.Addr().String(), Port: asked.Port(), Group: advertised[0].Group}
		if slices.ContainsFunc(advertised, func(a target.Address) bool { return a.Group != one.Group }) {
			one.Group = target.NoGroup
		}
		advertised = []target.Address{one}
	}
	if !v.ViaPortal && len(v.Rewrites) == 0 && v.Family == "" && len(v.Within) == 0 {
		return append(to, advertised...)
	}
	for _, a := range advertised {
		addr, literal := a.Addr()
		if literal {
			a, addr = v.rewritten(a, addr)
		}
		plain := addr.Unmap().WithZone("")
		if v.Family != "" && !(literal && v.OfFamily(plain)) || len(v.Within) > 0 && !(literal && v.IsWithin(plain)) {
			continue
		}
		if !slices.Contains(to, a) {
			to = append(to, a)
		}
	}
	return to
}

// rewritten returns an address as the first rewrite that fits has it. What it leads
// to is the user's decision, and not unusable.
func (v *Addresses) rewritten(a target.Address, addr netip.Addr) (target.Address, netip.Addr) {
	for _, r := range v.Rewrites {
		if to, ok := r.Apply(addr); ok {
			a.Host, a.Unusable = to.String(), target.Usable
			return a, to
		}
	}
	return a, addr
}
