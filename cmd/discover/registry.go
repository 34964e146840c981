package main

import (
	"context"
	"errors"
	"io/fs"

	"github.com/go-iscsi/discovery/cmd/discover/internal/flags"
	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/memstore"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/sqlite"
)

// An access is what a verb does with the registry.
type access int

const (
	reading  access = iota // shows what is in it, and makes none
	changing               // changes what is in it, and makes none
	making                 // makes one where there is none
	trying                 // works on a copy, and nothing lasts
)

// withService opens the registry and hands over the service on it. What the
// registry itself fails with is an *initiator.Error of stage store.
func (c *Command) withService(ctx context.Context, a access, d *initiator.Discoverer, use func(*registry.Service) error) error {
	path, err := c.registryPath()
	if err != nil {
		return err
	}
	store, err := c.openStore(ctx, path, a)
	if err != nil {
		return &initiator.Error{Stage: initiator.StageStore, Err: err}
	}
	c.log().Info("registry", "file", path)
	sealer := c.newSealer(ctx, store, path)
	s, err := registry.Open(registry.Config{
		Store:      guardedStore{store, sealer},
		Discoverer: d,
		Sealer:     sealer,
		Secrets:    func(ctx context.Context, ref string) (auth.Secret, error) { return flags.SecretOf(ctx, &c.Env, ref) },
		Addresses:  c.Addresses,
	})
	if err != nil {
		return errors.Join(err, store.Close())
	}
	err = use(s)
	if closed := s.Close(); err == nil && closed != nil {
		err = &initiator.Error{Stage: initiator.StageStore, Err: closed}
	}
	return err
}

// openStore opens the registry. For a dry run it is a copy in memory: the same
// rules hold there, and nothing lasts.
func (c *Command) openStore(ctx context.Context, path string, a access) (registry.Store, error) {
	if c.global.DryRun {
		a = trying
	}
	open := sqlite.OpenReadOnly
	switch a {
	case making:
		return sqlite.Open(ctx, path)
	case changing:
		open = sqlite.OpenExisting
	}
	store, err := open(ctx, path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &memstore.Store{}, nil
	case err != nil:
		return nil, err
	case a != trying:
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

// discoverer returns who asks for the service, by which name useDefaultName knows.
func (c *Command) discoverer(r *flags.Run) *initiator.Discoverer {
	d := &initiator.Discoverer{Dial: c.Dial, Lookup: c.Lookup, Strict: c.strict}
	if c.Route != nil {
		d.Ports = &ports.Selector{Route: c.Route}
	}
	if r == nil {
		return d // it will ask nobody
	}
	r.Apply(d)
	d.MaxHeld = c.Room.Service
	if r.Trace {
		d.Trace = tracer(c.Stderr)
	}
	return d
}
