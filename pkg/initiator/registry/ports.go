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
	"github.com/go-iscsi/discovery/pkg/initiator/internal/text"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/zone"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
)

// An instanceRecord is an Instance as it is stored.
type instanceRecord struct {
	Name       string       `json:"name"`
	NodeName   string       `json:"node_name,omitempty"`
	Interfaces []string     `json:"interfaces,omitempty"`
	Addresses  []netip.Addr `json:"addresses,omitempty"`
}

// A portNumberRecord gives a number to an address for ever.
type portNumberRecord struct {
	Number  uint32     `json:"number"`
	Address netip.Addr `json:"address"`
}

// Instances returns the initiator instances in the order in which they are
// tried: the built-in one, then the others by name. Where records cannot be read, the
// others are returned with an error that joins a *RegistryError for each.
func (s *Service) Instances(ctx context.Context) ([]ports.Instance, error) {
	instances, damaged, err := s.instances(ctx)
	if err != nil {
		return nil, err
	}
	return instances, storeError(errors.Join(damaged...))
}

// instances returns the instances, and the errors of those that cannot be read.
func (s *Service) instances(ctx context.Context) (instances []ports.Instance, damaged []error, err error) {
	instances = []ports.Instance{{Name: ports.Host}}
	for r, err := range s.cfg.Store.List(ctx, prefixInstance) {
		if err != nil {
			return nil, nil, storeError(err)
		}
		var i instanceRecord
		if err := decode(r, &i); err != nil {
			damaged = append(damaged, err)
			continue
		}
		instances = append(instances, ports.Instance(i))
	}
	return instances, damaged, nil
}

// AddInstance adds an initiator instance, or replaces the one of that name with all
// that is in it. The built-in one cannot be changed. The node name is checked as by
// SetInitiatorNodeName.
func (s *Service) AddInstance(ctx context.Context, i ports.Instance) error {
	_, err := s.ChangeInstance(ctx, i.Name, func(*ports.Instance) ports.Instance { return i })
	return err
}

// ChangeInstance stores what change makes of the initiator instance of a name, and
// returns that in the form in which it is stored. change gets the instance as it is
// stored, or nil where there is none. It is called again where another process changed
// the instance meanwhile. The name of what it returns does not count. The rules are
// those of AddInstance.
func (s *Service) ChangeInstance(ctx context.Context, name string, change func(old *ports.Instance) ports.Instance) (now ports.Instance, err error) {
	err = retryConflicts(ctx, func() error {
		now, err = s.changeInstance(ctx, name, change)
		return err
	})
	return now, storeError(err)
}

func (s *Service) changeInstance(ctx context.Context, name string, change func(*ports.Instance) ports.Instance) (ports.Instance, error) {
	if err := ports.ValidInstanceName(name); err != nil {
		return ports.Instance{}, refused(err)
	}
	if ports.SameInstance(name, ports.Host) {
		return ports.Instance{}, refused(&isdsc.Error{Code: isdsc.InvalidParameter, What: "instance " + ports.Host, Reason: "it is built in: all addresses of this host"})
	}
	key := prefixInstance + ports.FoldInstance(name)
	r, err := s.cfg.Store.Get(ctx, key)
	if err != nil {
		return ports.Instance{}, err
	}
	var old *ports.Instance
	if r.Version != 0 {
		var before instanceRecord
		if err := decode(r, &before); err == nil { // a damaged one is replaced
			old = (*ports.Instance)(&before)
		}
	}
	now := change(old)
	now.Name = name
	if err := now.Validate(); err != nil {
		return ports.Instance{}, refused(err)
	}
	if now.NodeName != "" {
		if _, err := s.cfg.Discoverer.CheckName(now.NodeName); err != nil {
			return ports.Instance{}, refused(err)
		}
	}
	now = now.Canonical()
	return now, s.cfg.Store.Apply(ctx, Change{Key: key, Version: r.Version, Value: encode(instanceRecord(now))})
}

// RemoveInstance removes an instance. One that entries of the registry refer to
// stays. The numbers of its ports stay with their addresses: keys and gateways that
// are for a port of the instance must not come to mean another one, should the
// instance be added again.
func (s *Service) RemoveInstance(ctx context.Context, name string) error {
	return storeError(retryConflicts(ctx, func() error { return s.removeInstance(ctx, name) }))
}

func (s *Service) removeInstance(ctx context.Context, name string) error {
	key := prefixInstance + ports.FoldInstance(name)
	r, err := s.cfg.Store.Get(ctx, key)
	if err != nil {
		return err
	}
	if r.Version == 0 {
		return refused(&isdsc.Error{Code: isdsc.InitiatorInstanceNotFound, What: "instance " + text.Quote([]byte(name)), Reason: "there is none of this name that could be removed"})
	}
	users := 0
	for k, err := range s.keys(ctx) {
		if err != nil {
			return err
		}
		if ports.SameInstance(k.Instance, name) {
			users++
		}
	}
	if users > 0 {
		return refused(&isdsc.Error{Code: isdsc.InvalidParameter, What: "instance " + text.Quote([]byte(name)), Reason: fmt.Sprintf("%d portals of the registry use it: remove them first", users)})
	}
	return s.cfg.Store.Apply(ctx, Change{Key: key, Version: r.Version, Delete: true})
}

// claim returns the change that goes along with an entry that refers to an
// instance: it changes nothing but the version, so that who removes the instance
// meanwhile looks again.
func (s *Service) claim(ctx context.Context, name string) ([]Change, error) {
	if name == "" || ports.SameInstance(name, ports.Host) {
		return nil, nil
	}
	r, err := s.cfg.Store.Get(ctx, prefixInstance+ports.FoldInstance(name))
	if err != nil {
		return nil, err
	}
	if r.Version == 0 {
		return nil, refused(ports.NoInstance(name))
	}
	return []Change{{Key: r.Key, Version: r.Version, Value: r.Value}}, nil
}

func portNumberPrefix(instance string) string { return prefixPort + ports.FoldInstance(instance) + "/" }

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
			selector.Unreadable[strings.TrimPrefix(e.Key, prefixInstance)] = err
		}
	}
	if p := s.cfg.Discoverer.Ports; p != nil {
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
			Version: 0, // somebody else may have given the number away
			Value:   encode(portNumberRecord{Number: p.Number.Uint32(), Address: p.Address}),
		})
	}
	from = slices.DeleteFunc(from, func(p ports.Port) bool { return !p.Address.IsValid() })
	if !store || len(changes) == 0 {
		return from, damaged, nil
	}
	return from, damaged, s.cfg.Store.Apply(ctx, changes...)
}

// decodePort reads the record of a number. Where that fails the port has the number of
// the record's key, so that the number is not given away, and no address.
func decodePort(r Record, instance string) (ports.Port, error) {
	var n portNumberRecord
	err := decode(r, &n)
	if err == nil && (r.Key != portNumberKey(instance, n.Number) || ports.N(n.Number) == ports.All || !n.Address.IsValid()) {
		err = &RegistryError{Key: r.Key, Err: errors.New("the number is not the key's, or has no address")}
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

// place gives p the port number of its Source, and holds instance and number
// against what there is.
func (s *Service) place(p *initiator.SendTargetPortal, selector *ports.Selector) error {
	dst, _ := netip.ParseAddr(p.Portal.Host())
	if p.Source.IsValid() {
		instance := p.Instance
		if instance == "" {
			instance = ports.Host
		}
		port, ok := selector.Find(instance, zone.SourceTo(p.Source, dst))
		if !ok {
			return &isdsc.Error{Code: isdsc.InvalidPortNumber, What: "source " + p.Source.String(), Reason: "no initiator port of instance " + instance + " has this address"}
		}
		p.Instance, p.Port, p.Source = port.Instance, port.Number, netip.Addr{}
	}
	if p.Instance == "" {
		return nil
	}
	name, err := selector.Instance(p.Instance)
	if err != nil {
		return err
	}
	p.Instance = name
	if p.Port == ports.All {
		return nil
	}
	_, err = selector.Numbered(name, p.Port, dst.Unmap())
	return err
}
