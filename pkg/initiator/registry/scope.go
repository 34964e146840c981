package registry

import (
	"context"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/internal/rowkey"
	"net/netip"
	"strconv"

	"github.com/go-iscsi/discovery/pkg/initiator/internal/text"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
)

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
