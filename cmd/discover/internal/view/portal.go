package view

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/go-iscsi/discovery/cmd/internal/render"
	"github.com/go-iscsi/discovery/cmd/internal/wording"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
	"github.com/go-iscsi/discovery/pkg/pdu"
)

// A onePortal is the view of one portal while its batches come.
type onePortal struct {
	v          *Addresses
	advertised advertised
	asked      netip.AddrPort         // for --via-portal; invalid: not known yet
	reach      map[place]target.Reach // what probes found; nil: there were none
	left       int                    // targets that are not shown
	room       []target.Address       // of one target

	held    []*initiator.Batch
	targets int   // in them
	bytes   int64 // likewise
	full    error // why no more targets are held; nil: they are
}

// portal returns the view of a portal. Where it is an address it is known by now where
// it is asked.
func (v *Addresses) portal(asked initiator.Portal) *onePortal {
	p := &onePortal{v: v, advertised: advertised{asked: asked, view: v.View, quiet: len(v.Rewrites) > 0}}
	addr, err := netip.ParseAddr(asked.Address)
	if err == nil && !(addr.Is6() && addr.IsLinkLocalUnicast() && addr.Zone() == "") {
		p.asked = netip.AddrPortFrom(addr.Unmap(), asked.Port)
	}
	return p
}

// hold keeps a copy of a batch, if room has as many bytes as its targets take. Where
// it has not, the portal's discovery is to end.
func (p *onePortal) hold(b *initiator.Batch, room func(bytes int64) bool) {
	n := render.Size(b)
	if p.full == nil && !room(n) {
		p.full = &initiator.MemoryError{Limit: p.v.room}
		if p.bytes+n > p.v.room {
			p.full = &pdu.LimitError{What: "bytes of targets, the most that can be held while their addresses are probed or replaced", Limit: p.v.room}
		}
	}
	kept := b
	if p.full != nil {
		b.Stop(p.full)
		n, kept = 0, b.Like()
		kept.Result = b.Result
	}
	p.bytes += n
	p.targets += kept.Len()
	if kept.Len() == 0 && kept.Result == nil {
		return
	}
	kept = kept.Clone()
	p.held = append(p.held, kept)
	if r := kept.Result; r != nil && p.full != nil {
		r.TargetsFound = p.targets
		r.Overfull(p.full, "ask this portal alone, or without --probe, --reachable and --via-portal")
	}
}

// flush yields what is held.
func (p *onePortal) flush(yield func(*initiator.Batch) bool) bool {
	held := p.held
	p.held = nil
	p.learn(held)
	for i, b := range held {
		held[i] = nil
		if !yield(p.shown(b)) {
			return false
		}
	}
	return true
}

// learn takes the address of the portal from its result, if it is not known yet.
func (p *onePortal) learn(held []*initiator.Batch) {
	if last := len(held) - 1; last >= 0 && held[last].Result != nil && !p.asked.IsValid() {
		p.asked = askedAt(held[last].Result)
	}
}

// askedAt returns the address of the portal that was asked: the first, where the
// login was sent on.
func askedAt(r *initiator.Result) netip.AddrPort {
	if len(r.Redirects) > 0 {
		return r.Redirects[0].From
	}
	return r.Address
}

// shown returns a batch as it is shown.
func (p *onePortal) shown(b *initiator.Batch) *initiator.Batch {
	s := b.Like()
	var last, now []target.Address
	for i := range b.Len() {
		if a := b.Addresses(i); i == 0 || !render.SameMemory(a, last) {
			last, now = a, p.addresses(a)
		}
		if len(now) == 0 {
			p.left++
			continue
		}
		s.AddTarget(&b.List, i, now)
	}
	if b.Result != nil {
		r := *b.Result
		p.result(&r)
		s.Result = &r
	}
	return s
}

// result makes a result one as it is shown.
func (p *onePortal) result(r *initiator.Result) {
	var targets []target.Target
	var last, now []target.Address
	for i, t := range r.Targets {
		if i == 0 || !render.SameMemory(t.Addresses, last) {
			last, now = t.Addresses, slices.Clone(p.addresses(t.Addresses))
		}
		if len(now) == 0 {
			p.left++
			continue
		}
		t.Addresses = now
		targets = append(targets, t)
	}
	r.Targets = targets
	r.Warnings = slices.Clip(r.Warnings)
	p.advertised.warn(r)
	if p.left > 0 {
		r.Warnings = append(r.Warnings, initiator.Warning{Code: warnFiltered, Message: fmt.Sprintf("%s not shown: no address passes %s",
			wording.Plural(p.left, "target is", "targets are"), p.v.FilterNames())})
	}
}

// addresses returns the addresses of one target as they are shown. They are valid
// until the next call.
func (p *onePortal) addresses(advertised []target.Address) []target.Address {
	shown := p.v.places(p.room[:0], advertised, p.asked)
	for i := range shown {
		shown[i].Reach = p.reach[place{shown[i].Host, shown[i].Port}]
	}
	p.room = shown
	if !p.v.Reachable {
		return shown
	}
	return slices.DeleteFunc(shown, func(a target.Address) bool { return a.Reach != target.Reachable })
}
