package paths

import (
	"context"
	"iter"
	"net/netip"
	"slices"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// Known is what a registry knows: of it a Matrix and a Picture are made.
type Known struct {
	Ports   []ports.Port
	Portals []registry.StoredPortal
	Targets iter.Seq2[registry.KnownTarget, error] // read once for each Matrix

	// Reach returns the addresses of the initiator ports that have a route to an
	// address; nil, or false: that is not known.
	Reach func(dst netip.Addr) ([]netip.Addr, bool)

	// Route returns the address of the port that routing picks of an instance, or of all
	// where none is named; nil, or an invalid address: that is not known.
	Route func(instance string, dst netip.Addr) netip.Addr

	Unread []error // records that could not be read
}

// Read reads the registry. It asks the host's routing which ports have a route to a
// portal, and no portal anything. The error is that the registry itself cannot be read.
func Read(ctx context.Context, s *registry.Service) (*Known, error) {
	selector, err := s.Selector(ctx, false)
	if err != nil {
		return nil, err
	}
	k := &Known{Ports: selector.Ports, Targets: s.Targets(ctx, false)}
	if selector.Damaged != nil {
		k.Unread = append(k.Unread, selector.Damaged)
	}
	for p, err := range s.SendTargetPortals(ctx) {
		switch {
		case err != nil && p.Portal.Address == "":
			return nil, err
		case err != nil:
			k.Unread = append(k.Unread, err)
		default:
			k.Portals = append(k.Portals, p)
		}
	}
	reached := make(map[netip.Addr][]netip.Addr)
	k.Reach = func(dst netip.Addr) ([]netip.Addr, bool) {
		if _, asked := reached[dst]; !asked {
			found, _ := selector.Each(ctx, "", dst) // its error is that no port reaches it
			reached[dst] = []netip.Addr{}
			for _, p := range found {
				reached[dst] = append(reached[dst], p.Address)
			}
		}
		return reached[dst], true
	}
	k.Route = func(instance string, dst netip.Addr) netip.Addr {
		found, err := selector.Select(ctx, instance, ports.All, dst)
		if err != nil || len(found) == 0 {
			return netip.Addr{}
		}
		return found[0].Address
	}
	return k, nil
}

// noRoute reports a port that does not reach a portal, as far as that is known.
func (k *Known) noRoute(row *Row, p initiator.Portal) bool {
	addr, err := netip.ParseAddr(p.Address)
	if err != nil || !row.Address.IsValid() || k.Reach == nil {
		return false
	}
	if row.State != ports.Up {
		return true
	}
	reached, known := k.Reach(addr.Unmap())
	return known && !slices.Contains(reached, row.Address)
}

// A place is where a portal is: entries that differ in nothing else are in one column.
type place struct {
	host string
	port uint16
}

func placeOf(p initiator.Portal) place { return place{p.Canonical(), p.Port} }

// An entryKey is a key of the registry in the form in which keys are compared.
type entryKey struct {
	place
	instance string
	number   ports.Number
}

func keyOf(k initiator.Key) entryKey {
	return entryKey{placeOf(k.Portal), ports.FoldInstance(k.Instance), k.Port}
}

// each yields the targets, and keeps what could not be read.
func (k *Known) each() iter.Seq[*registry.KnownTarget] {
	return func(yield func(*registry.KnownTarget) bool) {
		if k.Targets == nil {
			return
		}
		for t, err := range k.Targets {
			if err != nil {
				k.Unread = append(k.Unread, err)
				continue
			}
			if !yield(&t) {
				return
			}
		}
	}
}
