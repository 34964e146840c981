package initiator

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"syscall"
)

// ports returns the initiator ports to ask an address from, in order. A port
// with an invalid address leaves it to the connection.
func (a *attempt) ports(ctx context.Context, dst netip.AddrPort) ([]Port, error) {
	a.stage = StageSelectPort
	a.result.Address, a.result.Source, a.result.Port = dst, netip.Addr{}, Port{}
	p := &a.result.Portal
	s := a.job.ports
	switch {
	case p.Source.IsValid():
		from := a.portAt(p.Source)
		if a.bindDevice() && from.Interface == "" {
			return nil, a.fail(&ConfigError{Code: CodeConnectionFailed, What: "source " + p.Source.String(), Reason: "no interface of this host has it, so none can be bound to"})
		}
		return []Port{from}, nil
	case p.Instance == "" && !a.bindDevice() && a.d.Enforcer == nil && (s == nil || len(s.Instances) <= 1) && !needsZone(dst.Addr()):
		// Routing decides while it connects, and we see what it decided.
		return []Port{{}}, nil
	case s == nil:
		s = hostSelector()
	}
	ports, err := s.choose(ctx, p.Instance, p.Port, dst)
	if err != nil {
		return nil, a.fail(err)
	}
	return ports, nil
}

// bindDevice reports whether to bind to the port's network interface.
func (a *attempt) bindDevice() bool { return a.d.BindDevice || a.result.Portal.Login.BindDevice }

// hostSelector knows the one instance that every host has, without numbers.
func hostSelector() *PortSelector {
	s := &PortSelector{Instances: []string{HostInstance}}
	if host, err := HostAddresses(); err == nil {
		s.Ports = numberPorts(&Instance{Name: HostInstance}, nil, host)
	}
	return s
}

// portAt returns the port that an address is, or one without a number.
func (a *attempt) portAt(addr netip.Addr) Port {
	if a.job.ports != nil {
		if p, ok := a.job.ports.Find(a.result.Portal.Instance, addr); ok {
			return p
		}
	}
	return Port{Address: addr}
}

// dial connects from a port. Where that was left to the connection, and no route
// is there for whoever has no source address yet, it connects from the port that
// has one: rules by source make it so.
func (a *attempt) dial(ctx context.Context, from Port, dst netip.AddrPort) (net.Conn, error) {
	nc, err := a.d.dial(ctx, from, dst, a.bindDevice())
	if from.Address.IsValid() || !errors.Is(err, syscall.ENETUNREACH) {
		return nc, err
	}
	s := a.job.ports
	if s == nil {
		s = hostSelector()
	}
	ports, none := s.choose(ctx, "", AllPorts, dst)
	if none != nil {
		return nil, err
	}
	return a.d.dial(ctx, ports[0], dst, a.bindDevice())
}

// zoned gives a link-local destination without a zone the one of the port.
func zoned(dst netip.AddrPort, from Port) netip.AddrPort {
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
// anew there.
func (a *attempt) portTo(ctx context.Context, to netip.AddrPort) (Port, error) {
	ports, err := a.ports(ctx, to)
	if err != nil {
		return Port{}, err
	}
	return ports[0], nil
}
