package initiator

import (
	"context"
	"iter"
	"net/netip"
	"net/url"
)

// A TunnelAddress is the gateway by which a destination is reached in tunnel
// mode.
type TunnelAddress struct {
	Destination netip.Addr
	Outer       netip.Addr
}

// SetTunnelModeOuterAddress stores the gateway of a destination
// (SetIScsiTunnelModeOuterAddress of the reference API, for all initiators and
// ports). Unless persist is set it ends with the Service.
func (s *Service) SetTunnelModeOuterAddress(ctx context.Context, t TunnelAddress, persist bool) error {
	for _, a := range []netip.Addr{t.Destination, t.Outer} {
		if !a.IsValid() || a.IsUnspecified() || a.IsMulticast() {
			return refused(&ConfigError{Code: CodeInvalidHost, What: "tunnel", Reason: a.String() + " is not the address of a host"})
		}
	}
	t = TunnelAddress{Destination: t.Destination.Unmap(), Outer: t.Outer.Unmap()}
	return s.put(ctx, tunnelKey(t.Destination), encode(t), persist)
}

// RemoveTunnelModeOuterAddress forgets the gateway of a destination.
func (s *Service) RemoveTunnelModeOuterAddress(ctx context.Context, destination netip.Addr) error {
	return s.drop(ctx, tunnelKey(destination.Unmap()), &ConfigError{Code: CodeNoTunnelOuterModeAddress, What: "tunnel", Reason: "no outer address is set for " + destination.String()})
}

// TunnelModeOuterAddresses yields the gateways that are stored.
func (s *Service) TunnelModeOuterAddresses(ctx context.Context) iter.Seq2[TunnelAddress, error] {
	return func(yield func(TunnelAddress, error) bool) {
		for r, err := range s.records(ctx, prefixTunnel) {
			var t TunnelAddress
			if err == nil {
				err = decode(r, &t)
			}
			if !yield(t, storeError(err)) || err != nil {
				return
			}
		}
	}
}

func tunnelKey(dst netip.Addr) string { return prefixTunnel + url.PathEscape(dst.String()) }

// outer is the OuterFunc of a Service.
func (s *Service) outer(ctx context.Context, dst netip.Addr) (netip.Addr, bool, error) {
	for t, err := range s.TunnelModeOuterAddresses(ctx) {
		if err != nil {
			return netip.Addr{}, false, err
		}
		if t.Destination == dst.WithZone("") {
			return t.Outer, true, nil
		}
	}
	if f := s.cfg.Discoverer.Outer; f != nil {
		return f(ctx, dst)
	}
	return netip.Addr{}, false, nil
}
