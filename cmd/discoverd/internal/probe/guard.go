package probe

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// keptFor is how long the list of entries is used before it is read again: a probe of
// each of many portals shall not read the registry as often.
const keptFor = 5 * time.Second

// A Guard decides which portals may be probed: those of the registry's entries, by the
// address and TCP port that these have, and what Allow has.
type Guard struct {
	Entries func(ctx context.Context) (*registry.Service, error) // the registry as it is now
	Allow   []netip.Prefix                                       // any TCP port there

	mu   sync.Mutex // guards the following
	list *entryList
	read time.Time
}

// An entryList is the entries of the registry.
type entryList struct {
	portals map[string]bool // by portalText
	modules map[string][]initiator.Key
}

// portalText is the form in which portals are compared.
func portalText(host string, port uint16) string { return fmt.Sprintf("%s %d", host, port) }

// entries returns the entries of the registry, as they were at most keptFor ago.
func (g *Guard) entries(ctx context.Context) (*entryList, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.list != nil && time.Since(g.read) < keptFor {
		return g.list, nil
	}
	s, err := g.Entries(ctx)
	if err != nil {
		return nil, err
	}
	list := &entryList{portals: make(map[string]bool), modules: make(map[string][]initiator.Key)}
	for p, err := range s.SendTargetPortals(ctx) {
		if err != nil {
			if p.Portal.Address == "" {
				return nil, err
			}
			continue // this one cannot be read, and is not asked
		}
		list.portals[portalText(p.Portal.Canonical(), p.Portal.Port)] = true
		if name := p.Portal.SymbolicName; name != "" {
			list.modules[name] = append(list.modules[name], p.Key())
		}
	}
	g.list, g.read = list, time.Now()
	return list, nil
}

// Forget has the registry read again for the next probe.
func (g *Guard) Forget() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.list = nil
}

// allows returns why an address may not be asked; nil: it may.
func (g *Guard) allows(list *entryList, dst netip.AddrPort) error {
	addr := dst.Addr().Unmap()
	if list.portals[portalText(addr.String(), dst.Port())] || g.inBlock(addr) {
		return nil
	}
	return errors.New("it is no portal of the registry, and --probe-allow does not have it")
}

// inBlock reports an address of an allowed block.
func (g *Guard) inBlock(addr netip.Addr) bool {
	return slices.ContainsFunc(g.Allow, func(p netip.Prefix) bool { return p.Contains(addr.WithZone("")) })
}

// A notAllowedError is a portal that may not be probed.
type notAllowedError struct{ reason string }

func (e *notAllowedError) Error() string { return e.reason }

// A permit is a portal that may be probed, at the addresses that were checked.
type permit struct {
	portal    initiator.Portal
	list      *entryList     // by which it was checked
	addresses []netip.Addr   // of a host name
	key       *initiator.Key // of the module's entry; nil: there is no module
	resolving time.Duration  // that the host name took
}

// permit checks a portal and a module, and looks a host name up. Its error is a
// *notAllowedError, one of the registry, or a *lookupError.
func (g *Guard) permit(ctx context.Context, portal initiator.Portal, module string, lookup lookupFunc) (*permit, error) {
	list, err := g.entries(ctx)
	if err != nil {
		return nil, &registryError{err}
	}
	p := &permit{portal: portal, list: list}
	if module != "" {
		if p.key, err = list.moduleOf(module, portal); err != nil {
			return nil, err
		}
	}
	own := list.portals[portalText(portal.Canonical(), portal.Port)]
	if literal := portal.Literal(); literal.IsValid() {
		if err := g.allows(list, netip.AddrPortFrom(literal, portal.Port)); err != nil {
			return nil, &notAllowedError{fmt.Sprintf("%s may not be probed: %s", portal, err)}
		}
		return p, nil
	}
	if !own && len(g.Allow) == 0 {
		return nil, &notAllowedError{fmt.Sprintf("%s may not be probed: it is no portal of the registry, and the name is not looked up", portal)}
	}
	begun := time.Now()
	found, err := lookup(ctx, portal.Host())
	p.resolving = time.Since(begun)
	if err != nil {
		return p, &lookupError{err}
	}
	for _, addr := range found {
		addr = addr.Unmap()
		if own || g.allows(list, netip.AddrPortFrom(addr, portal.Port)) == nil {
			p.addresses = append(p.addresses, addr)
		}
	}
	if len(p.addresses) == 0 {
		return nil, &notAllowedError{fmt.Sprintf("%s may not be probed: none of its addresses is a portal of the registry or in --probe-allow", portal)}
	}
	return p, nil
}

// moduleOf returns the entry of a module that has a portal: its login options, with their
// secrets, are for that portal alone.
func (l *entryList) moduleOf(module string, portal initiator.Portal) (*initiator.Key, error) {
	keys := l.modules[module]
	if len(keys) == 0 {
		return nil, &notAllowedError{fmt.Sprintf("module %q: no entry of the registry has this symbolic name", module)}
	}
	want := portalText(portal.Canonical(), portal.Port)
	for _, k := range keys {
		if portalText(k.Portal.Canonical(), k.Portal.Port) == want {
			return &k, nil
		}
	}
	return nil, &notAllowedError{fmt.Sprintf("module %q is not for %s: its login options go to the portals of its own entries only", module, portal)}
}

// redirected returns the rule for where a redirection leads: the addresses that the
// portal's name had are allowed at its own port, too.
func (g *Guard) redirected(p *permit) func(dst netip.AddrPort) error {
	return func(dst netip.AddrPort) error {
		if dst.Port() == p.portal.Port && slices.Contains(p.addresses, dst.Addr().Unmap()) {
			return nil
		}
		if err := g.allows(p.list, dst); err != nil {
			return fmt.Errorf("it may not be probed: %w", err)
		}
		return nil
	}
}

type lookupFunc func(ctx context.Context, host string) ([]netip.Addr, error)

// A lookupError is a host name that was not found.
type lookupError struct{ err error }

func (e *lookupError) Error() string { return "the host name was not found: " + e.err.Error() }

func (e *lookupError) Unwrap() error { return e.err }

// A registryError is a registry that cannot be read.
type registryError struct{ err error }

func (e *registryError) Error() string { return "the registry cannot be read: " + e.err.Error() }

func (e *registryError) Unwrap() error { return e.err }
