// Package openplans keeps in mind under which IPsec connections are open.
package openplans

import (
	"net/netip"
	"sync"

	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
)

// Plans are the protection that a Discoverer holds right now: a connection to the
// same portal from the same address is made under the same rules, whatever its
// flags say. The zero value is ready to use.
type Plans struct {
	mu   sync.Mutex // guards open
	open map[pathKey][]ipsec.Plan
}

// A pathKey is from where to where.
type pathKey struct {
	src netip.Addr
	dst netip.AddrPort
}

// Find returns the rule that a connection held between src and dst makes.
func (h *Plans) Find(src netip.Addr, dst netip.AddrPort) ipsec.Existing {
	h.mu.Lock()
	defer h.mu.Unlock()
	plans := h.open[pathKey{src, dst}]
	if len(plans) == 0 {
		return ipsec.Existing{}
	}
	return ipsec.Existing{Kind: ipsec.ExistingRule, Name: "an earlier connection that is still open", Flags: plans[0].AsFlags()}
}

// Hold notes the protection of a connection until its dialer is closed. Protection
// that is in place is not ours to hold: the next look at the system finds it again.
func (h *Plans) Hold(d enforce.Dialer, src netip.Addr, dst netip.AddrPort, plan ipsec.Plan) enforce.Dialer {
	if plan.InPlace() {
		return d
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.open == nil {
		h.open = make(map[pathKey][]ipsec.Plan)
	}
	key := pathKey{src, dst}
	h.open[key] = append(h.open[key], plan)
	return &heldDialer{Dialer: d, h: h, key: key}
}

// A heldDialer is a enforce.Dialer whose protection is noted.
type heldDialer struct {
	enforce.Dialer
	h   *Plans
	key pathKey
}

// Close takes the note away, and closes the dialer.
func (d *heldDialer) Close() error {
	d.h.mu.Lock()
	if plans := d.h.open[d.key]; len(plans) > 1 {
		d.h.open[d.key] = plans[1:]
	} else {
		delete(d.h.open, d.key)
	}
	d.h.mu.Unlock()
	return d.Dialer.Close()
}
