package registry

import (
	"context"
	"fmt"
	"iter"
	"net/netip"
	"net/url"
	"strconv"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/text"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/zone"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/internal/rowkey"
)

// A TunnelAddress is the gateway by which a destination is reached in tunnel
// mode.
type TunnelAddress struct {
	Instance string       // for which initiator instance; empty: all
	Port     ports.Number // for which port of it; ports.All where Instance is empty

	Destination netip.Addr
	Outer       netip.Addr
}

// A tunnelRecord is a TunnelAddress as it is stored.
type tunnelRecord struct {
	Instance    string     `json:"instance,omitempty"`
	Port        uint32     `json:"port"`
	Destination netip.Addr `json:"destination"`
	Outer       netip.Addr `json:"outer"`
}

// SetTunnelModeOuterAddress stores the gateway of a destination
// (SetIScsiTunnelModeOuterAddress of the reference API). Of several the one whose
// instance and port are closest counts. Unless persist is set it ends with the
// Service.
func (s *Service) SetTunnelModeOuterAddress(ctx context.Context, t TunnelAddress, persist bool) error {
	if !t.Destination.IsValid() || !zone.IsHost(t.Destination) {
		return refused(&isdsc.Error{Code: isdsc.InvalidHost, What: "tunnel", Reason: t.Destination.String() + " is not the address of a host"})
	}
	if err := initiator.CheckGateway(t.Destination, t.Outer); err != nil {
		return refused(err)
	}
	scope, err := s.scope(ctx, t.Instance, t.Port)
	if err != nil {
		return err
	}
	r := tunnelRecord{Instance: scope.instance, Port: t.Port.Uint32(), Destination: zone.Canonical(t.Destination), Outer: zone.Canonical(t.Outer)}
	return s.put(ctx, tunnelKey(r.Destination, t.Instance, t.Port), encode(r), persist)
}

// RemoveTunnelModeOuterAddress forgets the gateway of a destination that was set
// for that instance and port.
func (s *Service) RemoveTunnelModeOuterAddress(ctx context.Context, destination netip.Addr, instance string, port ports.Number) error {
	destination = zone.Canonical(destination)
	reason := "no outer address is set for " + destination.String() + (scope{instance, port}).to()
	for t, err := range s.TunnelModeOuterAddresses(ctx) {
		if err != nil && !oneRecord(err) {
			return err
		}
		if t.Destination == destination {
			reason += "; there is one" + (scope{t.Instance, t.Port}).from()
		}
	}
	return s.drop(ctx, tunnelKey(destination, instance, port), &isdsc.Error{Code: isdsc.NoTunnelOuterModeAddress, What: "tunnel", Reason: reason})
}

// TunnelModeOuterAddresses yields the gateways that are stored. A record that cannot be
// read is yielded as an error that is a *RegistryError, with what its key says; others
// follow. Any other error is the last.
func (s *Service) TunnelModeOuterAddresses(ctx context.Context) iter.Seq2[TunnelAddress, error] {
	return func(yield func(TunnelAddress, error) bool) {
		for r, err := range s.records(ctx, prefixTunnel) {
			var t TunnelAddress
			if err == nil {
				t, err = decodeTunnel(r)
			}
			if !yield(t, storeError(err)) || err != nil && !oneRecord(err) {
				return
			}
		}
	}
}

// decodeTunnel reads a gateway. Where that fails it has what the record's key says, and
// no gateway.
func decodeTunnel(r Record) (TunnelAddress, error) {
	var t tunnelRecord
	if err := decode(r, &t); err != nil {
		dst, _ := netip.ParseAddr(rowkey.Part(r.Key, 1))
		instance, port := scopeOfKey(r.Key)
		return TunnelAddress{Instance: instance, Port: port, Destination: dst}, err
	}
	return TunnelAddress{Instance: t.Instance, Port: ports.N(t.Port), Destination: t.Destination, Outer: t.Outer}, nil
}

func tunnelKey(dst netip.Addr, instance string, port ports.Number) string {
	return fmt.Sprintf("%s%s/%s/%010d", prefixTunnel, url.PathEscape(dst.String()), ports.FoldInstance(instance), port.Uint32())
}

// outer is the GatewayFunc of a Service. It fails where the gateway to take cannot be read.
func (s *Service) outer(ctx context.Context, from ports.Port, dst netip.Addr) (netip.Addr, bool, error) {
	var (
		found  netip.Addr
		unread error // of found
	)
	best := -1
	for t, err := range s.TunnelModeOuterAddresses(ctx) {
		if err != nil && !oneRecord(err) {
			return netip.Addr{}, false, err
		}
		rank := 2 * (scope{t.Instance, t.Port}).rank(from)
		if t.Destination.Zone() != "" {
			rank++ // of two for one port, the one for this link
		}
		if zone.Meets(t.Destination, dst) && rank > best {
			found, best, unread = t.Outer, rank, err
		}
	}
	if best >= 0 {
		return found, unread == nil, unread
	}
	if f := s.cfg.Discoverer.Gateway; f != nil {
		return f(ctx, from, dst)
	}
	return netip.Addr{}, false, nil
}

// A scope is the initiator ports that a key or a gateway is meant for: one port
// of an instance, an instance, or all.
type scope struct {
	instance string
	port     ports.Number
}

// scope holds an instance and a number against what there is. No instance, with
// ports.All, is all.
func (s *Service) scope(ctx context.Context, instance string, port ports.Number) (scope, error) {
	if instance == "" {
		return scope{}, refused(ports.ValidPlace(instance, port))
	}
	selector, err := s.Selector(ctx, port != ports.All)
	if err != nil {
		return scope{}, err
	}
	if instance, port, err = selector.Place(instance, port, netip.Addr{}, netip.Addr{}); err != nil {
		return scope{}, refused(err)
	}
	return scope{instance, port}, nil
}

// rank says how closely the scope means a port: -1 not at all, more is closer.
func (c scope) rank(from ports.Port) int {
	switch {
	case c.instance == "":
		return 0
	case !ports.SameInstance(c.instance, from.Instance):
		return -1
	case c.port == ports.All:
		return 1
	case c.port == from.Number:
		return 2
	}
	return -1
}

// from names the scope of what there is.
func (c scope) from() string {
	if c.instance == "" {
		return " for all initiator ports"
	}
	return c.to()
}

// to names the scope at the end of a sentence.
func (c scope) to() string {
	switch {
	case c.instance == "":
		return ""
	case c.port == ports.All:
		return " from instance " + text.Quote([]byte(c.instance))
	}
	return " from port " + c.port.String() + " of instance " + text.Quote([]byte(c.instance))
}

// scopeOfKey returns the instance and the number at the end of a record's key.
func scopeOfKey(key string) (instance string, port ports.Number) {
	number, err := strconv.ParseUint(rowkey.Part(key, 3), 10, 32)
	if err != nil {
		return rowkey.Part(key, 2), ports.All
	}
	return rowkey.Part(key, 2), ports.N(uint32(number))
}
