package initiator

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"

	"github.com/go-iscsi/discovery/pkg/initiator/internal/text"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/zone"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/login"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
	"github.com/go-iscsi/discovery/pkg/pdu"
)

// redirectPolicy returns the policy at the portal.
func (a *attempt) redirectPolicy() login.RedirectPolicy {
	if p := a.result.Asked.Login.Redirect; p != login.RedirectSameHost {
		return p
	}
	return a.d.Redirect
}

// followsNames reports whether a redirection to a host name is followed.
func (a *attempt) followsNames() bool {
	return a.d.ResolveRedirects || a.result.Asked.Login.RedirectNames
}

// redirects is the way that a login was sent.
type redirects struct {
	d       *Discoverer
	policy  login.RedirectPolicy
	names   bool                  // host names are looked up
	source  netip.Addr            // that the portal is to be asked from; invalid: any
	own     func(netip.Addr) bool // an address of this host; nil: only loopback is known to be
	first   netip.AddrPort
	visited []netip.AddrPort
}

// follow returns where a redirection leads, or a *RedirectError. Where the caller
// gives up while a name is looked up, the error is that of ctx.
func (r *redirects) follow(ctx context.Context, from netip.AddrPort, moved *pdu.LoginError) (netip.AddrPort, error) {
	refuse := func(reason string) (netip.AddrPort, error) {
		e := &RedirectError{Status: moved.Status, Reason: reason}
		if moved.Address != "" {
			e.Address = text.Quote([]byte(moved.Address))
		}
		return netip.AddrPort{}, e
	}
	if r.policy == login.RedirectNone {
		return refuse("redirections are not followed")
	}
	if moved.Address == "" {
		return refuse("it names no address")
	}
	t, kind, reason := target.ParseAddress(moved.Address, from.Port())
	if reason != "" {
		return refuse("not an address: " + reason)
	}
	r.visited = append(r.visited, from)
	if len(r.visited) > MaxRedirects {
		return refuse(fmt.Sprintf("this is redirection %d, and only %d are followed", len(r.visited), MaxRedirects))
	}
	if kind == target.LinkLocalAddress {
		t = t.SeenFrom(from.Addr(), kind)
	}
	addr, literal := t.Addr()
	if literal {
		to := netip.AddrPortFrom(addr.Unmap(), t.Port)
		if reason := r.forbids(from, to); reason != "" {
			return refuse(reason)
		}
		if r.source.IsValid() && r.source.Is4() != to.Addr().Is4() {
			return netip.AddrPort{}, &isdsc.Error{
				Code: isdsc.AddressTypeNotSupported, What: "redirected to " + to.String(), Reason: fmt.Sprintf("not in the address family of source %s", r.source),
			}
		}
		return to, nil
	}
	if !r.names {
		return refuse("it is a host name, and host names from targets are looked up only with --redirect-names (login.Options.RedirectNames)")
	}
	found, err := r.d.lookup(ctx, t.Host)
	if err != nil {
		if errors.Is(context.Cause(ctx), context.Canceled) {
			return netip.AddrPort{}, context.Cause(ctx)
		}
		return refuse(notFound(cause(ctx, err)))
	}
	to, reason := r.choose(from, found, t.Port)
	if reason != "" {
		return refuse(reason)
	}
	return to, nil
}

// notFound says why a host name has no address.
func notFound(err error) string {
	const none = "the host name was not found"
	var dns *net.DNSError
	if errors.As(err, &dns) && dns.IsNotFound {
		return none
	}
	return none + ": " + text.Shown(message(err))
}

// choose returns the first address of a name that the rules let us go to, or the
// reason against the first one.
func (r *redirects) choose(from netip.AddrPort, found []netip.Addr, port uint16) (to netip.AddrPort, reason string) {
	for _, addr := range found {
		if addr = addr.Unmap(); addr.Is6() && addr.IsLinkLocalUnicast() {
			addr = addr.WithZone(from.Addr().Zone()) // a zone of the name server's means nothing here
		}
		to = netip.AddrPortFrom(addr, port)
		against := r.forbids(from, to)
		if against == "" && r.source.IsValid() && r.source.Is4() != addr.Is4() {
			against = fmt.Sprintf("it leads to %s, which is not in the address family of %s", addr, r.source)
		}
		if against == "" {
			return to, ""
		}
		if reason == "" {
			reason = against
		}
	}
	if reason == "" {
		reason = "the host name was not found"
	}
	return netip.AddrPort{}, reason
}

// forbids says why we do not go from one address to another; empty: we may. A target
// must not send us to this host, unless it is on this host itself.
func (r *redirects) forbids(from, to netip.AddrPort) (reason string) {
	addr := to.Addr()
	switch {
	case slices.Contains(r.visited, to):
		return "it leads back to an address that was asked before"
	case !zone.IsHost(addr):
		return "not the address of a host"
	case r.isOwn(addr) && !r.isOwn(from.Addr()):
		return "it leads to this host itself"
	case !from.Addr().IsLoopback() && !from.Addr().IsLinkLocalUnicast() && addr.IsLinkLocalUnicast():
		return "it leads to a link-local address"
	}
	return ""
}

// isOwn reports an address of this host.
func (r *redirects) isOwn(addr netip.Addr) bool {
	return addr.IsLoopback() || r.own != nil && r.own(addr)
}

// ownAddresses returns what knows the addresses of this host; nil: a Dial of the
// caller's makes the connections, perhaps from another host, and no ports are known.
func (a *attempt) ownAddresses() func(netip.Addr) bool {
	if a.request.Selector == nil && a.d.Dial != nil {
		return nil
	}
	return func(addr netip.Addr) bool {
		return slices.ContainsFunc(a.selector().Ports, func(p ports.Port) bool {
			return p.State != ports.Gone && p.Address.WithZone("") == addr.WithZone("")
		})
	}
}
