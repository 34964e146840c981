package strongswan

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"
)

const (
	nameLimit = 2 * time.Second // for looking up a name
	nameKept  = time.Minute     // how long the answer is kept
	maxNames  = 1000            // that are kept
)

// names looks up the host names that connections in charon have in the place of
// addresses. Charon looks them up itself, when it connects, and tells no more
// than the name. The zero value is ready to use.
type names struct {
	mu    sync.Mutex
	known map[string]*shared[[]netip.Addr] // guarded by mu

	lookup func(ctx context.Context, host string) ([]netip.Addr, error) // nil: the system's
}

// addrs returns the addresses of a name.
func (n *names) addrs(ctx context.Context, name string) ([]netip.Addr, error) {
	n.mu.Lock()
	known := n.known[name]
	if known == nil {
		if n.known == nil || len(n.known) >= maxNames {
			n.known = make(map[string]*shared[[]netip.Addr])
		}
		known = new(shared[[]netip.Addr])
		n.known[name] = known
	}
	lookup := n.lookup
	n.mu.Unlock()
	if lookup == nil {
		lookup = func(ctx context.Context, host string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		}
	}
	return known.get(ctx, nameLimit, nameKept, func(ctx context.Context) ([]netip.Addr, error) { return lookup(ctx, name) })
}

// An end is one of the two of a connection in charon: what it says of its
// address.
type end struct {
	list       []string // addresses, prefixes, ranges and %any; names as their addresses
	unresolved string   // a name that could not be looked up; empty: there is none
	err        error    // why not
}

// resolve returns the end that a list of charon's describes. A name that cannot
// be looked up may be that of any host.
func (n *names) resolve(ctx context.Context, list []string) (e end) {
	for _, s := range list {
		name, ok := hostName(s)
		if !ok {
			e.list = append(e.list, s)
			continue
		}
		addrs, err := n.addrs(ctx, name)
		if err != nil {
			e.unresolved, e.err = name, err
			continue
		}
		for _, a := range addrs {
			e.list = append(e.list, a.Unmap().String())
		}
	}
	return e
}

// hostName returns the name in an entry of a list of addresses; ok is false where
// it is no name.
func hostName(s string) (name string, ok bool) {
	if s == "" || strings.HasPrefix(s, "%any") {
		return "", false
	}
	if _, err := netip.ParsePrefix(s); err == nil {
		return "", false
	}
	first, last, isRange := strings.Cut(s, "-")
	if _, err := netip.ParseAddr(first); err == nil {
		if _, err := netip.ParseAddr(last); err == nil || !isRange {
			return "", false
		}
	}
	return strings.TrimPrefix(s, "%"), true
}
