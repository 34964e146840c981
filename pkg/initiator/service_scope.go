package initiator

import (
	"context"
	"net/netip"
	"strconv"
)

// A scope is the initiator ports that a key or a gateway is meant for: one port
// of an instance, an instance, or all.
type scope struct {
	instance string
	port     PortNumber
}

// scope holds an instance and a number against what there is. No instance, with
// AllPorts, is all.
func (s *Service) scope(ctx context.Context, instance string, port PortNumber) (scope, error) {
	switch {
	case instance == "" && port != AllPorts:
		return scope{}, refused(numberWithoutInstance(port))
	case instance == "":
		return scope{}, nil
	}
	selector, err := s.Selector(ctx, port != AllPorts)
	if err != nil {
		return scope{}, err
	}
	if instance, err = selector.instance(instance); err == nil && port != AllPorts {
		_, err = selector.numbered(instance, port, netip.Addr{})
	}
	if err != nil {
		return scope{}, refused(err)
	}
	return scope{instance, port}, nil
}

// rank says how closely the scope means a port: -1 not at all, more is closer.
func (c scope) rank(from Port) int {
	switch {
	case c.instance == "":
		return 0
	case !sameInstance(c.instance, from.Instance):
		return -1
	case c.port == AllPorts:
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
	case c.port == AllPorts:
		return " from instance " + quote([]byte(c.instance))
	}
	return " from port " + c.port.String() + " of instance " + quote([]byte(c.instance))
}

// scopeOfKey returns the instance and the number at the end of a record's key.
func scopeOfKey(key string) (instance string, port PortNumber) {
	number, err := strconv.ParseUint(partOfKey(key, 3), 10, 32)
	if err != nil {
		return partOfKey(key, 2), AllPorts
	}
	return partOfKey(key, 2), Number(uint32(number))
}
