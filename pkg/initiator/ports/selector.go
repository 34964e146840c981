package ports

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"github.com/go-iscsi/discovery/pkg/initiator/internal/zone"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/pdu"
)

// A Selector finds the initiator port that a portal is asked from. It
// refuses, and never guesses: a number that cannot be used is an error, not
// another port.
type Selector struct {
	// Instances are the names of the initiator instances, in the order in which
	// they are tried where none is asked for.
	Instances []string

	// Ports are the ports of all instances.
	Ports []Port

	// Route returns the address that routing picks, right now, for packets to
	// dst: from source, where that is valid, or else from any. It sends
	// nothing. nil: the kernel is asked.
	Route func(ctx context.Context, source, dst netip.Addr) (netip.Addr, error)

	// Unreadable has the instances that a registry names and whose records cannot be
	// read, by folded name, and why: to ask from one of them is that error.
	Unreadable map[string]error

	// Damaged joins the errors of all records of instances and ports that cannot be
	// read; nil: each was read. What they hold is not in Instances and Ports.
	Damaged error
}

// Select returns the ports to ask dst from, in the order in which they are to be
// tried: one by its number; or, with All, the one that current routing picks
// of the instance, or of each instance where none is named. A port with an
// invalid Address means that the connection decides.
func (s *Selector) Select(ctx context.Context, instance string, number Number, dst netip.Addr) ([]Port, error) {
	return s.Choose(ctx, instance, number, netip.AddrPortFrom(dst, pdu.DefaultPort))
}

// Choose is Select for a TCP port, of which policy routing may take notice.
func (s *Selector) Choose(ctx context.Context, instance string, number Number, dst netip.AddrPort) ([]Port, error) {
	if instance == "" {
		if err := ValidPlace(instance, number); err != nil {
			return nil, err
		}
		return s.any(ctx, dst)
	}
	name, err := s.Instance(instance)
	if err != nil {
		return nil, err
	}
	if number != All {
		p, err := s.Numbered(name, number, dst.Addr())
		if err == nil {
			err = p.sameLink(dst.Addr())
		}
		if err != nil {
			return nil, err
		}
		return []Port{p}, nil
	}
	p, err := s.routed(ctx, name, dst)
	if err != nil {
		return nil, err
	}
	return []Port{p}, nil
}

// Each returns every port of an instance, or of all where none is named, from
// which dst could be reached. No source address comes twice.
func (s *Selector) Each(ctx context.Context, instance string, dst netip.Addr) ([]Port, error) {
	if instance != "" {
		name, err := s.Instance(instance)
		if err != nil {
			return nil, err
		}
		instance = name
	}
	var found []Port
	for _, p := range s.Ports {
		taken := slices.ContainsFunc(found, func(f Port) bool { return f.Address == p.Address })
		if taken || instance != "" && p.Instance != instance {
			continue
		}
		if _, err := s.reaches(ctx, p, netip.AddrPortFrom(dst, pdu.DefaultPort)); err == nil {
			found = append(found, p)
		}
	}
	if len(found) == 0 {
		return nil, noRoute(instance, dst)
	}
	return found, nil
}

// Place returns the instance, as the list writes it, and the number of the port from
// which dst is to be asked. A valid source is the address of that port, of the instance
// or, where none is named, of the host's own; without a source the instance and the
// number are looked up. An empty instance with All stays as it is. The error is an
// *isdsc.Error. ValidPlace says what the list need not be asked for.
func (s *Selector) Place(instance string, number Number, source, dst netip.Addr) (string, Number, error) {
	if source.IsValid() {
		if instance == "" {
			instance = Host
		}
		port, ok := s.Find(instance, zone.SourceTo(source, dst))
		if !ok {
			return "", All, &isdsc.Error{Code: isdsc.InvalidPortNumber, What: "source " + source.String(), Reason: "no initiator port of instance " + instance + " has this address"}
		}
		instance, number = port.Instance, port.Number
	}
	if instance == "" {
		return "", number, nil
	}
	name, err := s.Instance(instance)
	if err == nil && number != All {
		_, err = s.Numbered(name, number, dst.Unmap())
	}
	return name, number, err
}

// Find returns the port that an address is, of an instance or, where none is
// named, of the first that has it.
func (s *Selector) Find(instance string, addr netip.Addr) (Port, bool) {
	for _, p := range s.Ports {
		if p.Address == addr && (instance == "" || SameInstance(p.Instance, instance)) {
			return p, true
		}
	}
	return Port{}, false
}

// Instance returns an instance's name as it is written in the list.
func (s *Selector) Instance(name string) (string, error) {
	for _, known := range s.Instances {
		if SameInstance(known, name) {
			return known, nil
		}
	}
	if err := s.Unreadable[FoldInstance(name)]; err != nil {
		return "", err
	}
	return "", NoInstance(name)
}

// Numbered returns the port of a number, if it can be used for dst.
func (s *Selector) Numbered(instance string, number Number, dst netip.Addr) (Port, error) {
	refuse := func(code uint32, format string, args ...any) (Port, error) {
		return Port{}, &isdsc.Error{Code: code, What: fmt.Sprintf("initiator port %s of instance %s", number, instance), Reason: fmt.Sprintf(format, args...)}
	}
	i := slices.IndexFunc(s.Ports, func(p Port) bool { return p.Instance == instance && p.Number == number })
	if i < 0 {
		return refuse(isdsc.InvalidPortNumber, "it does not exist")
	}
	p := s.Ports[i]
	switch {
	case p.State == Gone:
		return refuse(isdsc.InvalidPortNumber, "the instance no longer has its address %s", p.Address)
	case dst.IsValid() && p.Address.Is4() != dst.Is4():
		return refuse(isdsc.AddressTypeNotSupported, "its address %s is not in the address family of %s", p.Address, dst)
	}
	return p, nil
}

// any returns a port of each instance that has a route. A source address that
// comes again would have the same fate.
func (s *Selector) any(ctx context.Context, dst netip.AddrPort) ([]Port, error) {
	var found []Port
	var first error
	for _, name := range s.Instances {
		p, err := s.routed(ctx, name, dst)
		switch {
		case err == nil && !slices.ContainsFunc(found, func(f Port) bool { return f.Address == p.Address }):
			found = append(found, p)
		case err != nil && first == nil:
			first = err
		}
	}
	switch {
	case len(found) > 0:
		return found, nil
	case first != nil:
		return nil, first
	}
	return nil, noRoute("", dst.Addr())
}

// routed returns the port of an instance that current routing picks. Where the
// kernel's first choice is not the instance's, it is the one of its own that
// comes next: one from which packets leave by its own interface, then one that
// has most in common with the destination (RFC 6724, section 5, rule 8).
func (s *Selector) routed(ctx context.Context, instance string, dst netip.AddrPort) (Port, error) {
	if zone.Missing(dst.Addr()) {
		zone, err := s.link(instance, dst.Addr())
		if err != nil {
			return Port{}, err
		}
		dst = netip.AddrPortFrom(dst.Addr().WithZone(zone), dst.Port())
	}
	w, err := s.route(ctx, netip.Addr{}, dst)
	if lacksDescriptor(err) {
		return Port{}, notLookedUp(instance, dst.Addr(), err)
	}
	if err == nil {
		for _, p := range s.Ports {
			if p.Instance == instance && p.Address == w.source && p.State != Gone {
				return p, nil
			}
		}
	}
	var best Port
	rank := -1
	for _, p := range s.Ports {
		if p.Instance != instance {
			continue
		}
		w, err := s.reaches(ctx, p, dst)
		if err != nil {
			continue
		}
		r := commonBits(p.Address, dst.Addr())
		if w.leavesBy(p.Interface) {
			r += maxBits + 1
		}
		if r > rank {
			best, rank = p, r
		}
	}
	if rank < 0 {
		return Port{}, noRoute(instance, dst.Addr())
	}
	return best, nil
}

// link returns the zone of a link-local address that has none: of the only link
// that the instance has. Routing cannot choose between several.
func (s *Selector) link(instance string, dst netip.Addr) (zone string, err error) {
	for _, p := range s.Ports {
		own := p.Address.Zone()
		if p.Instance != instance || p.State != Up || own == "" || own == zone {
			continue
		}
		if zone != "" {
			return "", &isdsc.Error{
				Code:   isdsc.ConnectionFailed,
				What:   "initiator port of instance " + instance,
				Reason: fmt.Sprintf("%s is link-local and could be on any link: name the link, as in %s or %s", dst, dst.WithZone(zone), dst.WithZone(own)),
			}
		}
		zone = own
	}
	if zone == "" {
		return "", noRoute(instance, dst)
	}
	return zone, nil
}

// errUnfit is why a port cannot reach an address.
var errUnfit = errors.New("not a source for that address")

// reaches returns the way of packets from p to dst, or an error where they could
// not go there.
func (s *Selector) reaches(ctx context.Context, p Port, dst netip.AddrPort) (way, error) {
	to := dst.Addr()
	switch {
	case p.State != Up, p.Address.Is4() != to.Is4(),
		p.Address.IsLoopback() != to.IsLoopback(),
		p.Address.Zone() != to.Zone() && to.Zone() != "",
		p.Address.Is6() && p.Address.IsLinkLocalUnicast() != to.IsLinkLocalUnicast():
		return way{}, errUnfit
	}
	if zone.Missing(to) {
		dst = netip.AddrPortFrom(to.WithZone(p.Address.Zone()), dst.Port())
	}
	return s.route(ctx, p.Address, dst)
}

func (s *Selector) route(ctx context.Context, source netip.Addr, dst netip.AddrPort) (way, error) {
	if s.Route != nil {
		addr, err := s.Route(ctx, source, dst.Addr())
		return way{source: addr}, err
	}
	return kernelRoute(ctx, source, dst)
}
