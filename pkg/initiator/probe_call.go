package initiator

import (
	"context"
	"fmt"
	"net/netip"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/zone"
	"github.com/go-iscsi/discovery/pkg/initiator/login"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

// A probeCall is one call of Prober.Probe: what is known of the result whose
// addresses are tried.
type probeCall struct {
	p   *Prober
	ctx context.Context
	r   *Result

	prepared bool
	request  Request    // of the portal
	method   *auth.CHAP // by which its login was made; nil: none, or no login is to be made
	err      error      // why nothing can be tried
	own      map[netip.Addr]bool
	ownErr   error // why the addresses of this host are not known

	settled  map[string]*probed // outcomes that took no connection, by their reason
	withheld map[*probed]bool   // no credentials went along, though there are some
}

// Reasons for which an address is not tried.
const (
	whyName      = "a host name, and host names from targets are not looked up"
	whyNoHost    = "not the address of a host"
	whyOwn       = "an address of this host"
	whyMany      = "more addresses than one run tries (256)"
	whyCancelled = "the run was cancelled"
	whyMutual    = "mutual CHAP is required, but the secrets are not sent to another host than the one they were given for (--redirect any allows it)"
)

// try returns the outcome for an address, which may be under way.
func (c *probeCall) try(a target.Address) *probed {
	addr, literal := a.Addr()
	if !literal {
		return c.notTried(whyName)
	}
	dst := netip.AddrPortFrom(addr.Unmap(), a.Port)
	if c.wasAsked(dst) {
		return c.settle(target.Reachable, "")
	}
	if why := c.forbidden(a, dst.Addr()); why != "" {
		return c.notTried(why)
	}
	t, why := c.task(dst)
	if why != "" {
		return c.notTried(why)
	}
	o := c.p.claim(c.ctx, t)
	if o == nil {
		return c.notTried(whyMany)
	}
	if t.elsewhere && c.method != nil {
		if c.withheld == nil {
			c.withheld = make(map[*probed]bool)
		}
		c.withheld[o] = true
	}
	return o
}

func (c *probeCall) notTried(why string) *probed { return c.settle(target.NotTried, why) }

// settle returns an outcome that needs no connection.
func (c *probeCall) settle(reach target.Reach, why string) *probed {
	o := c.settled[why]
	if o == nil {
		o = &probed{done: make(chan struct{}), reach: reach, why: why}
		close(o.done)
		c.settled[why] = o
	}
	return o
}

// asked returns the portal that the credentials are for: the first one, where the
// login was sent on.
func (c *probeCall) asked() netip.AddrPort {
	if hops := c.r.Redirects; len(hops) > 0 {
		return hops[0].From
	}
	return c.r.Address
}

// wasAsked reports an address at which this discovery was: it needs no probe.
func (c *probeCall) wasAsked(dst netip.AddrPort) bool {
	if c.r.Err != nil && c.r.TargetsFound == 0 {
		return false
	}
	if dst == unmapped(c.r.Address) {
		return true
	}
	for _, h := range c.r.Redirects {
		if dst == unmapped(h.From) {
			return true
		}
	}
	return false
}

func unmapped(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}

// forbidden says why an address is never tried; empty: it may be.
func (c *probeCall) forbidden(a target.Address, addr netip.Addr) string {
	switch {
	case a.Unusable != target.Usable:
		return a.Unusable.String()
	case !zone.IsHost(addr):
		return whyNoHost
	case zone.Missing(addr):
		return target.LinkLocalWithoutZone.String()
	case addr.IsLoopback() || addr == c.r.Source.Unmap():
		return whyOwn
	}
	c.prepare()
	switch {
	case c.ownErr != nil:
		return "the addresses of this host could not be read: " + Reason(c.ownErr)
	case c.own[zone.Named(addr)]:
		return whyOwn
	case c.err != nil:
		return probeText(c.err)
	}
	return ""
}

// prepare gathers what all probes of the call need.
func (c *probeCall) prepare() {
	if c.prepared {
		return
	}
	c.prepared = true
	if c.request, c.err = c.p.Request(c.ctx, c.r); c.err == nil {
		c.err = c.request.Err
	}
	if c.err == nil && c.p.Kind == ProbeLogin {
		c.method, c.err = c.p.d.CHAPOf(&c.request)
	}
	// The algorithm that worked is the one that works there, too: where a list is
	// not understood, no second try is needed.
	if worked := c.r.Auth.Algorithm; c.method != nil && worked != 0 {
		c.method.Algorithms = []auth.Algorithm{worked}
	}
	host, err := c.p.hostAddresses()
	if err != nil {
		c.ownErr = err
		return
	}
	c.own = make(map[netip.Addr]bool, len(host))
	for _, a := range host {
		c.own[a.Addr] = true
	}
	if s := c.request.Selector; s != nil {
		for _, port := range s.Ports {
			if port.State != ports.Gone {
				c.own[port.Address] = true
			}
		}
	}
}

// A probeTask is a probe that may be made.
type probeTask struct {
	key       probeKey
	request   Request
	from      ports.Port
	anew      bool // from cannot reach dst: the port is chosen as for a portal
	dst       netip.AddrPort
	method    *auth.CHAP
	otherHost bool // dst is another host, for which the portal's own preshared key is not
	elsewhere bool // and CHAP credentials stay, too
	before    *Result
}

// A probeKey is what the outcome of a probe depends on.
type probeKey struct {
	dst      netip.AddrPort
	source   netip.Addr // invalid: chosen as for a portal
	instance string     // likewise, of which instance
	device   string     // that the connection is bound to
	name     string     // of ours, in a login
	method   int        // see Prober.method
	rules    string     // what decides about IPsec
}

// task returns the probe of an address, or why there can be none.
func (c *probeCall) task(dst netip.AddrPort) (t *probeTask, why string) {
	p := &c.request.Portal
	t = &probeTask{request: c.request, from: c.r.InitiatorPort, dst: dst, method: c.method, before: c.r}
	policy := p.Login.Redirect
	if policy == login.RedirectSameHost {
		policy = c.p.d.Redirect
	}
	t.otherHost = dst.Addr() != c.asked().Addr().Unmap()
	t.elsewhere = policy != login.RedirectAny && t.otherHost
	if t.elsewhere && t.method != nil {
		if t.method.Mutual {
			return nil, whyMutual
		}
		t.method = nil
	}
	t.key = probeKey{dst: dst, source: t.from.Address, rules: c.rules(t)}
	if !reachesFamily(t.from.Address, dst.Addr()) {
		if p.Source.IsValid() || p.Port != ports.All {
			return nil, fmt.Sprintf("it cannot be reached from %s, the given source address", t.from.Address)
		}
		t.anew = true
		t.key.source, t.key.instance = netip.Addr{}, ports.FoldInstance(p.Instance)
	}
	if p.Login.BindDevice || c.p.d.BindDevice {
		t.key.device = t.from.Interface
	}
	if c.p.Kind == ProbeLogin {
		t.key.name = c.r.InitiatorName
	}
	return t, ""
}

// rules returns what decides about IPsec at an address, but for what exists there.
// A portal's own key belongs to it, and so does what came of it.
func (c *probeCall) rules(t *probeTask) string {
	p, plan := &c.request.Portal, &c.r.IPsec
	own := ""
	if !t.elsewhere && (!p.IPsec.PSK.IsZero() || p.IPsec.Gateway.IsValid() || p.IPsec.PeerID != "") {
		own = p.Key().String()
	}
	return fmt.Sprint(p.Security, p.Login.Flags&login.RequireIPsec, p.IPsec.RefuseUnknown, p.IPsec.LocalID, p.IPsec.Proposals, p.IPsec.IKE,
		plan.IPsec, plan.Exchange, plan.PFS, own)
}

// reachesFamily reports whether packets from a source can be meant for an address:
// of one family, both of this host or neither, and on the same link where they are
// link-local.
func reachesFamily(source, dst netip.Addr) bool {
	if !source.IsValid() {
		return true
	}
	return source.Is4() == dst.Is4() && source.IsLoopback() == dst.IsLoopback() && source.Zone() == dst.Zone()
}
