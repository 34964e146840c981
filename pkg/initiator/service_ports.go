package initiator

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
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
// tried: the built-in one, then the others by name.
func (s *Service) Instances(ctx context.Context) ([]Instance, error) {
	instances := []Instance{{Name: HostInstance}}
	for r, err := range s.cfg.Store.List(ctx, prefixInstance) {
		var i instanceRecord
		if err == nil {
			err = decode(r, &i)
		}
		if err != nil {
			return nil, storeError(err)
		}
		instances = append(instances, Instance(i))
	}
	return instances, nil
}

// AddInstance adds an initiator instance, or replaces the one of that name with all
// that is in it. The built-in one cannot be changed. The node name is checked as by
// SetInitiatorNodeName.
func (s *Service) AddInstance(ctx context.Context, i Instance) error {
	_, err := s.ChangeInstance(ctx, i.Name, func(*Instance) Instance { return i })
	return err
}

// ChangeInstance stores what change makes of the initiator instance of a name, and
// returns that in the form in which it is stored. change gets the instance as it is
// stored, or nil where there is none. It is called again where another process changed
// the instance meanwhile. The name of what it returns does not count. The rules are
// those of AddInstance.
func (s *Service) ChangeInstance(ctx context.Context, name string, change func(old *Instance) Instance) (now Instance, err error) {
	err = retryConflicts(ctx, func() error {
		now, err = s.changeInstance(ctx, name, change)
		return err
	})
	return now, storeError(err)
}

func (s *Service) changeInstance(ctx context.Context, name string, change func(*Instance) Instance) (Instance, error) {
	if err := validInstanceName(name); err != nil {
		return Instance{}, refused(err)
	}
	if sameInstance(name, HostInstance) {
		return Instance{}, refused(&ConfigError{Code: CodeInvalidParameter, What: "instance " + HostInstance, Reason: "it is built in: all addresses of this host"})
	}
	key := prefixInstance + foldInstance(name)
	r, err := s.cfg.Store.Get(ctx, key)
	if err != nil {
		return Instance{}, err
	}
	var old *Instance
	if r.Version != 0 {
		var before instanceRecord
		if err := decode(r, &before); err == nil { // a damaged one is replaced
			old = (*Instance)(&before)
		}
	}
	now := change(old)
	now.Name = name
	if err := now.validate(); err != nil {
		return Instance{}, refused(err)
	}
	if now.NodeName != "" {
		if _, err := s.cfg.Discoverer.ownName(now.NodeName); err != nil {
			return Instance{}, refused(err)
		}
	}
	now = now.canonical()
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
	key := prefixInstance + foldInstance(name)
	r, err := s.cfg.Store.Get(ctx, key)
	if err != nil {
		return err
	}
	if r.Version == 0 {
		return refused(&ConfigError{Code: CodeInitiatorInstanceNotFound, What: "instance " + quote([]byte(name)), Reason: "there is none of this name that could be removed"})
	}
	users := 0
	for k, err := range s.keys(ctx) {
		if err != nil {
			return err
		}
		if sameInstance(k.Instance, name) {
			users++
		}
	}
	if users > 0 {
		return refused(&ConfigError{Code: CodeInvalidParameter, What: "instance " + quote([]byte(name)), Reason: fmt.Sprintf("%d portals of the registry use it: remove them first", users)})
	}
	return s.cfg.Store.Apply(ctx, Change{Key: key, Version: r.Version, Delete: true})
}

// claim returns the change that goes along with an entry that refers to an
// instance: it changes nothing but the version, so that who removes the instance
// meanwhile looks again.
func (s *Service) claim(ctx context.Context, name string) ([]Change, error) {
	if name == "" || sameInstance(name, HostInstance) {
		return nil, nil
	}
	r, err := s.cfg.Store.Get(ctx, prefixInstance+foldInstance(name))
	if err != nil {
		return nil, err
	}
	if r.Version == 0 {
		return nil, refused(noInstance(name))
	}
	return []Change{{Key: r.Key, Version: r.Version, Value: r.Value}}, nil
}

func portNumberPrefix(instance string) string { return prefixPort + foldInstance(instance) + "/" }

func portNumberKey(instance string, number uint32) string {
	return fmt.Sprintf("%s%010d", portNumberPrefix(instance), number)
}

// Ports returns the initiator ports of all instances. An address that had no
// number gets one, which is stored and stays.
func (s *Service) Ports(ctx context.Context) ([]Port, error) {
	selector, err := s.Selector(ctx, true)
	if err != nil {
		return nil, err
	}
	return selector.Ports, nil
}

// Selector returns a PortSelector on the instances and the addresses as they are
// now. Numbers for addresses that have none are stored where store is true;
// otherwise they are those that would be.
func (s *Service) Selector(ctx context.Context, store bool) (*PortSelector, error) {
	host, err := s.hostAddresses()
	if err != nil {
		return nil, &Error{Stage: StageSelectPort, Err: err}
	}
	instances, err := s.Instances(ctx)
	if err != nil {
		return nil, err
	}
	selector := &PortSelector{}
	if p := s.cfg.Discoverer.Ports; p != nil {
		selector.Route = p.Route
	}
	for _, i := range instances {
		var ports []Port
		err := retryConflicts(ctx, func() (err error) {
			ports, err = s.numbered(ctx, &i, host, store)
			return err
		})
		if err != nil {
			return nil, storeError(err)
		}
		selector.Instances = append(selector.Instances, i.Name)
		selector.Ports = append(selector.Ports, ports...)
	}
	return selector, nil
}

// numbered returns the ports of an instance, and stores the numbers that are
// new where store is true.
func (s *Service) numbered(ctx context.Context, i *Instance, host []HostAddress, store bool) ([]Port, error) {
	var before []Port
	for r, err := range s.cfg.Store.List(ctx, portNumberPrefix(i.Name)) {
		var n portNumberRecord
		if err == nil {
			err = decode(r, &n)
		}
		if err == nil && (r.Key != portNumberKey(i.Name, n.Number) || Number(n.Number) == AllPorts || !n.Address.IsValid()) {
			err = &RegistryError{Key: r.Key, Err: errors.New("the number is not the key's, or has no address")}
		}
		if err != nil {
			return nil, err
		}
		before = append(before, Port{Number: Number(n.Number), Address: n.Address})
	}
	ports := numberPorts(i, before, host)
	if !store {
		return ports, nil
	}
	var changes []Change
	for _, p := range ports {
		known := slices.ContainsFunc(before, func(b Port) bool { return b.Number == p.Number })
		if known {
			continue
		}
		changes = append(changes, Change{
			Key:     portNumberKey(i.Name, p.Number.Uint32()),
			Version: 0, // somebody else may have given the number away
			Value:   encode(portNumberRecord{Number: p.Number.Uint32(), Address: p.Address}),
		})
	}
	if len(changes) == 0 {
		return ports, nil
	}
	return ports, s.cfg.Store.Apply(ctx, changes...)
}

func (s *Service) hostAddresses() ([]HostAddress, error) {
	if s.cfg.Addresses != nil {
		return s.cfg.Addresses()
	}
	return HostAddresses()
}

// place gives p the port number of its Source, and holds instance and number
// against what there is.
func (s *Service) place(p *SendTargetPortal, selector *PortSelector) error {
	dst, _ := netip.ParseAddr(p.Portal.host())
	if p.Source.IsValid() {
		instance := p.Instance
		if instance == "" {
			instance = HostInstance
		}
		port, ok := selector.Find(instance, sourceTo(p.Source, dst))
		if !ok {
			return &ConfigError{Code: CodeInvalidPortNumber, What: "source " + p.Source.String(), Reason: "no initiator port of instance " + instance + " has this address"}
		}
		p.Instance, p.Port, p.Source = port.Instance, port.Number, netip.Addr{}
	}
	if p.Instance == "" {
		return nil
	}
	name, err := selector.instance(p.Instance)
	if err != nil {
		return err
	}
	p.Instance = name
	if p.Port == AllPorts {
		return nil
	}
	_, err = selector.numbered(name, p.Port, dst.Unmap())
	return err
}
