package initiator

import (
	"context"
	"fmt"
	"net/netip"

	"github.com/go-iscsi/discovery/pkg/initiator/internal/zone"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
)

// addresses returns the portal's addresses.
func (a *attempt) addresses(ctx context.Context) (addrs []netip.AddrPort, err error) {
	p := a.result.Asked.Portal
	if addr, err := netip.ParseAddr(p.Host()); err == nil {
		a.oneAddress[0] = netip.AddrPortFrom(zone.Named(addr.Unmap()), p.Port)
		return a.oneAddress[:], nil
	}
	if a.resumed && a.addrs != nil {
		return a.addrs, nil
	}
	a.phase(&a.phases.Resolve)
	err = a.timed(ctx, a.d.timeout()-a.elapsed, func(ctx context.Context) (err error) {
		a.ctxShared = true
		addrs, err = a.resolve(ctx)
		return err
	})
	a.phase(nil)
	a.addrs = addrs
	return addrs, err
}

// resolve looks the portal's host name up.
func (a *attempt) resolve(ctx context.Context) ([]netip.AddrPort, error) {
	p := &a.result.Asked
	found, err := a.d.lookup(ctx, p.Portal.Host())
	if err != nil {
		return nil, cause(ctx, err)
	}
	addrs := make([]netip.AddrPort, 0, len(found))
	source, others := a.fixedSource(), 0
	for _, addr := range found {
		addr = addr.Unmap()
		switch {
		case !zone.IsHost(addr):
		case source.IsValid() && source.Is4() != addr.Is4():
			others++
		default:
			addrs = append(addrs, netip.AddrPortFrom(addr, p.Portal.Port))
		}
	}
	switch {
	case len(addrs) > 0:
		return addrs, nil
	case others > 0:
		return nil, &isdsc.Error{Code: isdsc.AddressTypeNotSupported, What: p.Portal.Host(), Reason: fmt.Sprintf("it has no address in the address family of %s", source)}
	}
	return nil, &isdsc.Error{Code: isdsc.InvalidHost, What: p.Portal.Host(), Reason: "it has no usable address"}
}

// ports returns the initiator ports to ask an address from, in order. A port
// with an invalid address leaves it to the connection.
func (a *attempt) ports(ctx context.Context, dst netip.AddrPort) ([]ports.Port, error) {
	a.result.Address, a.result.Source, a.result.InitiatorPort = dst, netip.Addr{}, ports.Port{}
	p := &a.result.Asked
	switch {
	case p.Source.IsValid():
		from, err := a.portOfSource(zone.SourceTo(p.Source, dst.Addr()))
		if err != nil {
			return nil, at(StageSelectPort, err)
		}
		return []ports.Port{from}, nil
	case a.routingDecides(dst.Addr()):
		a.onePort[0] = ports.Port{}
		return a.onePort[:], nil
	}
	ports, err := a.selector().Choose(ctx, p.Instance, p.Port, dst)
	if err != nil {
		if a.anyPort() && !a.bindDevice() {
			return nil, at(StageConnect, err) // without an enforcer the kernel would report this at connect
		}
		return nil, at(StageSelectPort, err)
	}
	return ports, nil
}

// anyPort reports that no port was asked for, and there is no choice of instances.
func (a *attempt) anyPort() bool {
	s := a.request.Selector
	return a.result.Asked.Instance == "" && (s == nil || len(s.Instances) <= 1)
}

// portOfSource returns the port that an address is, with its interface where
// the connection is to be bound to that.
func (a *attempt) portOfSource(source netip.Addr) (ports.Port, error) {
	from := a.portAt(source)
	if !a.bindDevice() || from.Interface != "" {
		return from, nil
	}
	if from.Interface = interfaceOf(source); from.Interface == "" {
		return from, &isdsc.Error{Code: isdsc.ConnectionFailed, What: "source " + source.String(), Reason: "no interface of this host has it, so there is none to bind to"}
	}
	return from, nil
}

// routingDecides reports whether the kernel may choose the source address at connect: no
// enforcer and no binding needs the address before, and the connection tells it afterwards.
func (a *attempt) routingDecides(dst netip.Addr) bool {
	return a.anyPort() && !a.bindDevice() && a.d.Enforcer == nil && !zone.Missing(dst)
}

// fixedSource returns the one address that the portal may be asked from; invalid
// where routing decides, or the number is not known.
func (a *attempt) fixedSource() netip.Addr {
	p := &a.result.Asked
	if p.Source.IsValid() {
		return p.Source.Unmap()
	}
	if s := a.request.Selector; s != nil && p.Port != ports.All {
		for _, port := range s.Ports {
			if port.Number == p.Port && ports.SameInstance(port.Instance, p.Instance) {
				return port.Address
			}
		}
	}
	return netip.Addr{}
}

// bindDevice reports whether to bind to the port's network interface.
func (a *attempt) bindDevice() bool { return a.d.BindDevice || a.result.Asked.Login.BindDevice }

// selector returns the selector that knows the initiator ports.
func (a *attempt) selector() *ports.Selector {
	if s := a.request.Selector; s != nil {
		return s
	}
	return hostSelector()
}

// hostSelector knows the one instance that every host has, without numbers:
// those are the registry's to give.
func hostSelector() *ports.Selector {
	s := &ports.Selector{Instances: []string{ports.Host}}
	if host, err := ports.Addresses(); err == nil {
		s.Ports = ports.NumberPorts(&ports.Instance{Name: ports.Host}, nil, host)
	}
	for i := range s.Ports {
		s.Ports[i].Number = ports.All
	}
	return s
}

// interfaceOf returns the name of the interface that has an address; empty: none
// has.
func interfaceOf(addr netip.Addr) string {
	host, err := ports.Addresses()
	if err != nil {
		return ""
	}
	all := ports.Instance{Name: ports.Host}
	return all.Own(host)[addr].Interface
}

// portAt returns the port that an address is, or one without a number.
func (a *attempt) portAt(addr netip.Addr) ports.Port {
	if a.request.Selector != nil {
		if p, ok := a.request.Selector.Find(a.result.Asked.Instance, addr); ok {
			return p
		}
	}
	return ports.Port{Address: addr}
}

// zoned gives a link-local destination without a zone the one of the port.
func zoned(dst netip.AddrPort, from ports.Port) netip.AddrPort {
	addr := dst.Addr()
	if !addr.Is6() || !addr.IsLinkLocalUnicast() || addr.Zone() != "" {
		return dst
	}
	zone := from.Address.Zone()
	if zone == "" {
		zone = from.Interface
	}
	return netip.AddrPortFrom(addr.WithZone(zone), dst.Port())
}

// portTo returns the port for the next hop of a redirection: the source is found
// anew there. Where no instance is asked for, the one that was sent on goes, if
// it has a route.
func (a *attempt) portTo(ctx context.Context, from ports.Port, to netip.AddrPort) (ports.Port, error) {
	p := &a.result.Asked
	if p.Instance == "" && !p.Source.IsValid() && from.Instance != "" {
		if ports, err := a.selector().Choose(ctx, from.Instance, ports.All, to); err == nil {
			return ports[0], nil
		}
	}
	known, err := a.ports(ctx, to)
	if err != nil {
		return ports.Port{}, err
	}
	return known[0], nil
}
