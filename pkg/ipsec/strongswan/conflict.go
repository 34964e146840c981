package strongswan

import (
	"context"
	"net/netip"
	"slices"
	"strings"

	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/strongswan/internal/vici"
)

// conflict returns a *ConflictError where the host has a connection with
// preshared keys between the ends of ours. Charon tells of keys no more than
// their names, so it is the connections that count: a key that no connection
// uses cannot be missed. A connection for whomever does not count; its key is not
// for these ends in particular. One to a name that cannot be looked up does: its
// key may be for them.
func (c *connection) conflict(ctx context.Context, d *daemon, n *names) error {
	var named []foreign // that say by name where their ends are; maxListed bounds them
	err := d.connections(ctx, func(name string, s vici.Section) error {
		f, ok := newForeign(name, s)
		switch {
		case isOurs(name) || !ok:
			return nil
		case f.named():
			named = append(named, f)
			return nil
		}
		return c.meets(&f, end{list: f.localAddrs}, end{list: f.remoteAddrs})
	})
	if err != nil {
		return err
	}
	// Charon does not wait for a name server meanwhile.
	for i := range named {
		f := &named[i]
		if err := c.meets(f, n.resolve(ctx, f.localAddrs), n.resolve(ctx, f.remoteAddrs)); err != nil {
			return err
		}
	}
	return nil
}

// A foreign connection is one of the host that has preshared keys.
type foreign struct {
	name                    string
	locals, remotes         []string // identities
	localAddrs, remoteAddrs []string // addresses, prefixes, ranges, names and %any
}

// newForeign returns the one that charon lists; ok is false where it has no
// preshared keys.
func newForeign(name string, s vici.Section) (f foreign, ok bool) {
	f = foreign{name: name, localAddrs: s.List("local_addrs"), remoteAddrs: s.List("remote_addrs")}
	for end, auth := range s.Subs() {
		ok = ok || strings.Contains(auth.Text("class"), "pre-shared key")
		switch {
		case strings.HasPrefix(end, "local"):
			f.locals = append(f.locals, auth.Text("id"))
		case strings.HasPrefix(end, "remote"):
			f.remotes = append(f.remotes, auth.Text("id"))
		}
	}
	return f, ok
}

// named reports whether host names are among the addresses.
func (f *foreign) named() bool {
	isName := func(s string) bool { _, ok := hostName(s); return ok }
	return slices.ContainsFunc(f.localAddrs, isName) || slices.ContainsFunc(f.remoteAddrs, isName)
}

// meets returns a *ConflictError where a connection of the host has the ends of c,
// or may have them.
func (c *connection) meets(f *foreign, local, remote end) error {
	theirs := hasIdentity(f.remotes, c.remote) || among(c.peer, remote.list)
	mine := hasIdentity(f.locals, c.local) || anybody(f.localAddrs) || among(c.source, local.list)
	conflict := &ConflictError{Connection: f.name, Peer: c.remote}
	switch {
	case !theirs && remote.unresolved == "", !mine && local.unresolved == "":
		return nil
	case !theirs:
		conflict.Unresolved, conflict.Err = remote.unresolved, remote.err
	case !mine:
		conflict.Unresolved, conflict.Err = local.unresolved, local.err
	}
	return conflict
}

// hasIdentity reports whether an identity is in a list of charon's, which has names as
// the administrator wrote them. Charon finds a key for them in any case.
func hasIdentity(list []string, id string) bool {
	want, _ := ipsec.CanonicalIdentity(id) // Request.Check has seen to it that it is one
	return slices.ContainsFunc(list, func(s string) bool {
		got, err := ipsec.CanonicalIdentity(s)
		return err == nil && got == want
	})
}

// anybody reports that a list of addresses does not say whose.
func anybody(list []string) bool {
	return len(list) == 0 || slices.ContainsFunc(list, func(s string) bool { return strings.HasPrefix(s, "%any") })
}

// among reports whether an address is named by a list of addresses, prefixes and
// ranges. A prefix of all addresses names none.
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
