package view

import (
	"fmt"
	"iter"
	"net/netip"
	"slices"

	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/cmd/internal/render"
	"github.com/go-iscsi/discovery/cmd/internal/wording"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

// warnElsewhere tells that no address which targets advertise is the one where they
// were asked.
const warnElsewhere initiator.WarningCode = "advertised-elsewhere"

// maxAdvertised is how many different addresses of a portal are looked at: where
// there are more, nothing is told.
const maxAdvertised = 32

// advertised is what the targets of one portal advertise, as far as it takes to tell
// whether the portal is among it: mostly the first address is.
type advertised struct {
	asked initiator.Portal
	view  *flags.View
	quiet bool             // the portal is among it, or nothing is to be told
	found []target.Address // others
}

// noted adds the warning to the results of batches, which stay as they are.
func (v *Addresses) noted(all iter.Seq[*initiator.Batch]) iter.Seq[*initiator.Batch] {
	return func(yield func(*initiator.Batch) bool) {
		var one advertised                // of a portal of one batch
		more := make(map[int]*advertised) // of the others, until their results
		for b := range all {
			n := more[b.Index]
			switch {
			case n != nil:
			case b.Result == nil:
				n = &advertised{asked: b.Portal, view: v.View}
				more[b.Index] = n
			default:
				one = advertised{asked: b.Portal, view: v.View, found: one.found[:0]}
				n = &one
			}
			n.see(b)
			if b.Result != nil {
				n.warn(b.Result)
				delete(more, b.Index)
			}
			if !yield(b) {
				return
			}
		}
	}
}

// see takes the targets of a batch.
func (n *advertised) see(b *initiator.Batch) {
	if n.quiet {
		return
	}
	var last []target.Address
	for i := 0; i < b.Len() && !n.quiet; i++ {
		if a := b.Addresses(i); !render.SameMemory(a, last) {
			last = a
			n.add(a)
		}
	}
	if b.Result == nil {
		return
	}
	for i := 0; i < len(b.Result.Targets) && !n.quiet; i++ {
		if a := b.Result.Targets[i].Addresses; !render.SameMemory(a, last) {
			last = a
			n.add(a)
		}
	}
}

// add takes the addresses of a target.
func (n *advertised) add(addresses []target.Address) {
	for i := range addresses {
		a := &addresses[i]
		switch {
		case a.Host == n.asked.Address:
			n.quiet = true
			return
		case n.has(a.Host):
			continue
		}
		if _, literal := a.Addr(); !literal || len(n.found) == maxAdvertised {
			n.quiet = true // a name may be the portal
			return
		}
		n.found = append(n.found, *a)
	}
}

func (n *advertised) has(host string) bool {
	for i := range n.found {
		if n.found[i].Host == host {
			return true
		}
	}
	return false
}

// warn adds the warning to the result of the portal, if there is cause for it. Of an
// answer that was cut short not all is known. On loopback, at the end of a tunnel or
// where the target is on this host, other addresses are the rule: there it takes a flag
// to be told.
func (n *advertised) warn(r *initiator.Result) {
	if n.quiet || len(n.found) == 0 || r.Err != nil || !r.Address.IsValid() {
		return
	}
	if r.Address.Addr().IsLoopback() && !n.view.ViaPortal && !n.view.Probes() {
		return
	}
	for i := range n.found {
		addr, _ := n.found[i].Addr()
		if isAddressOf(addr, r) {
			return
		}
	}
	first := n.found[0]
	addr, _ := first.Addr()
	text := netip.AddrPortFrom(addr, first.Port).String()
	if more := len(n.found) - 1; more > 0 {
		text += fmt.Sprintf(" and %s", wording.Plural(more, "other address", "other addresses"))
	}
	message := fmt.Sprintf("the targets advertise %s, but were asked at %s; if there is NAT in between, see --rewrite and --via-portal", text, r.Address)
	if n.view.ViaPortal {
		message = fmt.Sprintf("the targets advertise %s, but are shown at %s, where they were asked", text, askedAt(r))
	}
	r.Warnings = append(slices.Clip(r.Warnings), initiator.Warning{Code: warnElsewhere, Message: message})
}

// isAddressOf reports whether an address is that of the portal of a result, or of one
// that it was sent to.
func isAddressOf(addr netip.Addr, r *initiator.Result) bool {
	plain := func(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }
	if plain(addr) == plain(r.Address.Addr()) {
		return true
	}
	for _, h := range r.Redirects {
		if plain(addr) == plain(h.From.Addr()) {
			return true
		}
	}
	return false
}
