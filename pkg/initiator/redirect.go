package initiator

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
)

// String returns the name that the command takes and prints.
func (p RedirectPolicy) String() string {
	switch p {
	case RedirectSameHost:
		return "same-host"
	case RedirectAny:
		return "any"
	case RedirectNone:
		return "none"
	}
	return fmt.Sprintf("redirect policy %d", uint8(p))
}

// redirectPolicy returns the policy at the portal.
func (a *attempt) redirectPolicy() RedirectPolicy {
	if p := a.result.Portal.Login.Redirect; p != RedirectSameHost {
		return p
	}
	return a.d.Redirect
}

// redirects is the way that a login was sent.
type redirects struct {
	d       *Discoverer
	policy  RedirectPolicy
	first   netip.AddrPort
	visited []netip.AddrPort
}

// follow returns where a redirection leads, or a *RedirectError.
func (r *redirects) follow(ctx context.Context, from netip.AddrPort, login *LoginError) (netip.AddrPort, error) {
	refuse := func(format string, args ...any) (netip.AddrPort, error) {
		e := &RedirectError{Status: login.Status, Reason: fmt.Sprintf(format, args...)}
		if login.Address != "" {
			e.Address = quote([]byte(login.Address))
		}
		return netip.AddrPort{}, e
	}
	if r.policy == RedirectNone {
		return refuse("redirections are not followed")
	}
	if login.Address == "" {
		return refuse("it did not say where")
	}
	target, kind, reason := parseTargetAddress(login.Address, from.Port())
	if reason != "" {
		return refuse("not an address: %s", reason)
	}
	if kind == linkLocalAddress {
		target = target.seenFrom(from.Addr(), kind)
	}
	addr, literal := target.Addr()
	if !literal {
		if !r.d.ResolveRedirects {
			return refuse("it is a host name, and those are not looked up for a target")
		}
		found, err := r.d.lookup(ctx, target.Host)
		if err != nil || len(found) == 0 {
			return refuse("the host name was not found")
		}
		addr = found[0]
	}
	addr = addr.Unmap()
	to := netip.AddrPortFrom(addr, target.Port)
	r.visited = append(r.visited, from)
	switch {
	case len(r.visited) > MaxRedirects:
		return refuse("that was the %dth time, and %d are followed", len(r.visited), MaxRedirects)
	case slices.Contains(r.visited, to):
		return refuse("that is a loop")
	case !isHost(addr):
		return refuse("not the address of a host")
	case !from.Addr().IsLoopback() && addr.IsLoopback():
		return refuse("it leads to this host itself")
	case !from.Addr().IsLoopback() && !from.Addr().IsLinkLocalUnicast() && addr.IsLinkLocalUnicast():
		return refuse("it leads to a link-local address")
	}
	return to, nil
}
