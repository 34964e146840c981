package strongswan

import (
	"context"
	"net/netip"
	"slices"
	"strings"

	"github.com/go-iscsi/discovery/pkg/ipsec/strongswan/internal/vici"
)

// conflict returns a *ConflictError where the host has a connection with
// preshared keys between the ends of ours. Charon tells of keys no more than
// their names, so it is the connections that count: a key that no connection
// uses cannot be missed. A connection for whomever does not count; its key is not
// for these ends in particular.
func (c *connection) conflict(ctx context.Context, d daemon) error {
	all, err := d.connections(ctx)
	if err != nil {
		return err
	}
	for name, s := range all {
		if _, ours := ownerOf(name); !ours && c.sharesEnds(s) {
			return &ConflictError{Connection: name, Peer: c.remote}
		}
	}
	return nil
}

// sharesEnds reports whether a connection that charon lists has preshared keys
// between the ends of c.
func (c *connection) sharesEnds(s vici.Section) bool {
	keys := false
	var locals, remotes []string // identities
	for name, auth := range s.Subs() {
		keys = keys || strings.Contains(auth.Text("class"), "pre-shared key")
		switch {
		case strings.HasPrefix(name, "local"):
			locals = append(locals, auth.Text("id"))
		case strings.HasPrefix(name, "remote"):
			remotes = append(remotes, auth.Text("id"))
		}
	}
	return keys &&
		(slices.Contains(remotes, c.remote) || among(c.peer, s.List("remote_addrs"))) &&
		(slices.Contains(locals, c.local) || anybody(s.List("local_addrs")) || among(c.source, s.List("local_addrs")))
}

// anybody reports that a list of addresses does not say whose.
func anybody(list []string) bool {
	return len(list) == 0 || slices.ContainsFunc(list, func(s string) bool { return strings.HasPrefix(s, "%any") })
}

// among reports whether an address is named by a list of addresses, prefixes and
// ranges. A prefix of everything names nobody.
func among(a netip.Addr, list []string) bool {
	for _, s := range list {
		if p, err := netip.ParsePrefix(s); err == nil {
			if p.Bits() > 0 && p.Contains(a) {
				return true
			}
			continue
		}
		first, last, isRange := strings.Cut(s, "-")
		from, err := netip.ParseAddr(first)
		if err != nil {
			continue // a name, or %any
		}
		to := from
		if isRange {
			if to, err = netip.ParseAddr(last); err != nil {
				continue
			}
		}
		if from.BitLen() == a.BitLen() && from.Compare(a) <= 0 && a.Compare(to) <= 0 {
			return true
		}
	}
	return false
}
