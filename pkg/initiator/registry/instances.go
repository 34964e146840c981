package registry

import (
	"context"
	"errors"
	"fmt"
	"net/netip"

	"github.com/go-iscsi/discovery/pkg/initiator/internal/text"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/internal/rowkey"
)

// An instanceRecord is an Instance as it is stored.
type instanceRecord struct {
	Name       string       `json:"name"`
	NodeName   string       `json:"node_name,omitempty"`
	Interfaces []string     `json:"interfaces,omitempty"`
	Addresses  []netip.Addr `json:"addresses,omitempty"`
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
	for r, err := range s.cfg.Store.List(ctx, rowkey.Instance) {
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
		return ports.Instance{}, refused(&isdsc.Error{Code: isdsc.InvalidParameter, What: "instance " + ports.Host, Reason: "it is built in and has all addresses of this host"})
	}
	key := rowkey.Instance + ports.FoldInstance(name)
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
	key := rowkey.Instance + ports.FoldInstance(name)
	r, err := s.cfg.Store.Get(ctx, key)
	if err != nil {
		return err
	}
	if r.Version == 0 {
		return refused(&isdsc.Error{Code: isdsc.InitiatorInstanceNotFound, What: "instance " + text.Quote([]byte(name)), Reason: "there is no instance with this name that can be removed"})
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
		return refused(&isdsc.Error{Code: isdsc.InvalidParameter, What: "instance " + text.Quote([]byte(name)), Reason: fmt.Sprintf("%d portals of the registry use it: remove these first", users)})
	}
	return s.cfg.Store.Apply(ctx, Change{Key: key, Version: r.Version, Delete: true})
}

// claim returns the change that is applied together with an entry that refers to an
// instance. It changes only the version of the instance's record, so a concurrent removal
// of the instance conflicts and counts its users again.
func (s *Service) claim(ctx context.Context, name string) ([]Change, error) {
	if name == "" || ports.SameInstance(name, ports.Host) {
		return nil, nil
	}
	r, err := s.cfg.Store.Get(ctx, rowkey.Instance+ports.FoldInstance(name))
	if err != nil {
		return nil, err
	}
	if r.Version == 0 {
		return nil, refused(ports.NoInstance(name))
	}
	return []Change{{Key: r.Key, Version: r.Version, Value: r.Value}}, nil
}
