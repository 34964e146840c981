package registry

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/internal/rowkey"
)

// A portNumberRecord gives a number to an address for ever.
type portNumberRecord struct {
	Number  uint32     `json:"number"`
	Address netip.Addr `json:"address"`
}

func portNumberPrefix(instance string) string {
	return rowkey.Port + ports.FoldInstance(instance) + "/"
}

func portNumberKey(instance string, number uint32) string {
	return fmt.Sprintf("%s%010d", portNumberPrefix(instance), number)
}

// Ports returns the initiator ports of all instances. An address that had no
// number gets one, which is stored and stays. Where records cannot be read, the other
// ports are returned with an error that joins a *RegistryError for each.
func (s *Service) Ports(ctx context.Context) ([]ports.Port, error) {
	selector, err := s.Selector(ctx, true)
	if err != nil {
		return nil, err
	}
	return selector.Ports, selector.Damaged
}

// Selector returns a ports.Selector on the instances and the addresses as they are
// now. Numbers for addresses that have none are stored where store is true;
// otherwise they are those that would be. It has no instances and ports whose records
// cannot be read, see its Damaged; no address gets a number whose record cannot be read.
func (s *Service) Selector(ctx context.Context, store bool) (*ports.Selector, error) {
	if s.rules != nil {
		return s.rules.ports, nil
	}
	host, err := s.hostAddresses()
	if err != nil {
		return nil, &initiator.Error{Stage: initiator.StageSelectPort, Err: err}
	}
	instances, damaged, err := s.instances(ctx)
	if err != nil {
		return nil, err
	}
	selector := &ports.Selector{Unreadable: make(map[string]error)}
	for _, err := range damaged {
		if e := (*RegistryError)(nil); errors.As(err, &e) {
			selector.Unreadable[strings.TrimPrefix(e.Key, rowkey.Instance)] = err
		}
	}
	if p := s.cfg.Discoverer.Selector; p != nil {
		selector.Route = p.Route
	}
	for _, i := range instances {
		var ports []ports.Port
		var unread []error
		err := retryConflicts(ctx, func() (err error) {
			ports, unread, err = s.numbered(ctx, &i, host, store)
			return err
		})
		if err != nil {
			return nil, storeError(err)
		}
		damaged = append(damaged, unread...)
		selector.Instances = append(selector.Instances, i.Name)
		selector.Ports = append(selector.Ports, ports...)
	}
	selector.Damaged = storeError(errors.Join(damaged...))
	return selector, nil
}

// numbered returns the ports of an instance, and stores the numbers that are
// new where store is true. A number whose record cannot be read is of no port.
func (s *Service) numbered(ctx context.Context, i *ports.Instance, host []ports.Address, store bool) (from []ports.Port, damaged []error, err error) {
	var before []ports.Port
	for r, err := range s.cfg.Store.List(ctx, portNumberPrefix(i.Name)) {
		if err != nil {
			return nil, nil, err
		}
		port, err := decodePort(r, i.Name)
		if err != nil {
			damaged = append(damaged, err)
		}
		if port.Number != ports.All {
			before = append(before, port)
		}
	}
	from = ports.NumberPorts(i, before, host)
	var changes []Change
	for _, p := range from {
		known := slices.ContainsFunc(before, func(b ports.Port) bool { return b.Number == p.Number })
		if known {
			continue
		}
		changes = append(changes, Change{
			Key:     portNumberKey(i.Name, p.Number.Uint32()),
			Version: 0, // another process may have given the number away
			Value:   encode(portNumberRecord{Number: p.Number.Uint32(), Address: p.Address}),
		})
	}
	from = slices.DeleteFunc(from, func(p ports.Port) bool { return !p.Address.IsValid() })
	if !store || len(changes) == 0 {
		return from, damaged, nil
	}
	return from, damaged, s.applyInTurn(ctx, changes)
}

// decodePort reads the record of a number. Where that fails the port has the number of
// the record's key, so that the number is not given away, and no address.
func decodePort(r Record, instance string) (ports.Port, error) {
	var n portNumberRecord
	err := decode(r, &n)
	if err == nil && (r.Key != portNumberKey(instance, n.Number) || ports.N(n.Number) == ports.All || !n.Address.IsValid()) {
		err = &RegistryError{Key: r.Key, Err: errors.New("its number is not that of its key, or it has no address")}
	}
	if err == nil {
		return ports.Port{Number: ports.N(n.Number), Address: n.Address}, nil
	}
	digits := strings.TrimPrefix(r.Key, portNumberPrefix(instance))
	number, bad := strconv.ParseUint(digits, 10, 32)
	if bad != nil {
		return ports.Port{Number: ports.All}, err
	}
	return ports.Port{Number: ports.N(uint32(number))}, err
}

func (s *Service) hostAddresses() ([]ports.Address, error) {
	if s.cfg.Addresses != nil {
		return s.cfg.Addresses()
	}
	return ports.Addresses()
}
