package app

import (
	"context"
	"errors"
	"io/fs"

	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/cmd/internal/machine"
	"github.com/go-iscsi/discovery/cmd/internal/registrypipe"
	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/memstore"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/sqlite"
)

// An Access is what a verb does with the registry.
type Access int

// What a verb does with the registry. Only CreateIfMissing makes a file.
const (
	ReadOnly        Access = iota // shows what is in it
	Existing                      // changes what is in it; without a file there is nothing to change
	CreateIfMissing               // stores something
	DryRun                        // works on a copy, and nothing lasts
)

// WithService opens the registry and hands over the service on it. What the
// registry itself fails with is an *initiator.Error of stage store.
func (c *Command) WithService(ctx context.Context, a Access, d *initiator.Discoverer, use func(*registry.Service) error) error {
	path, err := c.RegistryPath()
	if err != nil {
		return err
	}
	store, err := c.openStore(ctx, path, a)
	if err != nil {
		return &initiator.Error{Stage: initiator.StageStore, Err: err}
	}
	c.Log().Info("registry", "file", path)
	s, err := registry.Open(c.ServiceConfig(ctx, store, path, d))
	if err != nil {
		return errors.Join(err, store.Close())
	}
	err = use(s)
	if closed := s.Close(); err == nil && closed != nil {
		err = &initiator.Error{Stage: initiator.StageStore, Err: closed}
	}
	return err
}

// ServiceConfig returns what a Service on the registry at path works with: its secrets are
// sealed by the registry's key, and ctx is that of looking for it.
func (c *Command) ServiceConfig(ctx context.Context, store registry.Store, path string, d *initiator.Discoverer) registry.Config {
	sealer := c.newSealer(ctx, store, path)
	return registry.Config{
		Store:      guardedStore{store, sealer},
		Discoverer: d,
		Sealer:     sealer,
		Secrets:    func(ctx context.Context, ref string) (auth.Secret, error) { return flags.SecretOf(ctx, &c.Env, ref) },
		Addresses:  c.Addresses,
		TraceISNS:  c.TraceISNS,
	}
}

// openStore opens the registry. For a dry run it is a copy in memory: the same
// rules hold there, and nothing lasts.
func (c *Command) openStore(ctx context.Context, path string, a Access) (registry.Store, error) {
	if c.Global.DryRun {
		a = DryRun
	}
	if prefix, inEtcd := machine.RegistryInEtcd(path); inEtcd {
		return c.openEtcd(ctx, prefix, a)
	}
	open := sqlite.OpenReadOnly
	switch a {
	case CreateIfMissing:
		return sqlite.Open(ctx, path)
	case Existing:
		open = sqlite.OpenExisting
	}
	store, err := open(ctx, path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &memstore.Store{}, nil
	case err != nil:
		return nil, err
	case a != DryRun:
		return store, nil
	}
	defer store.Close() //nolint:errcheck // it was read
	return copyStore(ctx, store)
}

// openEtcd opens a registry in etcd, which another program does.
func (c *Command) openEtcd(ctx context.Context, prefix string, a Access) (registry.Store, error) {
	store, err := registrypipe.Start(ctx, &c.Env, prefix)
	switch {
	case err != nil:
		return nil, err
	case a != DryRun:
		return store, nil
	}
	defer store.Close() //nolint:errcheck // it was read
	return copyStore(ctx, store)
}

// copyStore returns all records of a store in memory.
func copyStore(ctx context.Context, from registry.Store) (registry.Store, error) {
	to := &memstore.Store{}
	for r, err := range from.List(ctx, "") {
		if err == nil {
			err = to.Apply(ctx, registry.Change{Key: r.Key, Value: r.Value})
		}
		if err != nil {
			return nil, err
		}
	}
	return to, nil
}

// NewDiscoverer returns the Discoverer of the service. r may be nil for a verb that asks
// no portal; the name is set by UseDefaultName.
func (c *Command) NewDiscoverer(r *flags.Run) *initiator.Discoverer {
	d := &initiator.Discoverer{Dial: c.Dial, Lookup: c.Lookup, Strict: c.Strict, Found: c.Found}
	if c.Route != nil {
		d.Selector = &ports.Selector{Route: c.Route}
	}
	if r == nil {
		return d
	}
	r.Apply(d)
	c.LogConnecting(d)
	d.MaxHeld = c.Room.Service
	if r.Trace {
		d.Trace, c.TraceISNS = Tracer(c.Stderr), ISNSTracer(c.Stderr)
	}
	return d
}
