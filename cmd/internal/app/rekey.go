package app

import (
	"context"
	"errors"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/cmd/internal/machine"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/sqlite"
)

// RekeyFlags say what key the registry gets.
type RekeyFlags struct {
	Passphrase flags.SecretRef
	KeyFile    bool
	Approved   bool
}

// Rekeyed is what a rekey has done.
type Rekeyed struct {
	Secrets int    // that were sealed again
	KeyFile string // empty: they are sealed by a passphrase
}

// Rekey gives the registry another key. In a dry run it only tries all secrets.
func (c *Command) Rekey(ctx context.Context, flags *RekeyFlags) (done Rekeyed, err error) {
	path, err := c.RegistryPath()
	if err != nil {
		return done, err
	}
	if _, inEtcd := machine.RegistryInEtcd(path); inEtcd {
		return done, exit.Usagef("registry rekey: the passphrase of a registry in etcd cannot be changed: begin a registry below another prefix")
	}
	open := sqlite.OpenExisting
	if c.Global.DryRun {
		open = sqlite.OpenReadOnly
	}
	store, err := open(ctx, path)
	if err != nil {
		return done, asStoreError(err)
	}
	defer store.Close() //nolint:errcheck // what was acknowledged is on the disk
	c.Log().Info("registry", "file", path)
	r := &rekeying{sealer: c.newSealer(ctx, store, path), flags: flags}
	if err = r.prepare(); err == nil {
		err = r.alone()
	}
	if err == nil {
		err = r.run(store)
	}
	if err != nil {
		return done, asStoreError(err)
	}
	done.Secrets = r.n
	if !r.next.byPassphrase() {
		done.KeyFile = r.file
	}
	return done, nil
}

// asStoreError returns an error as one of the registry, unless it is about the command
// line.
func asStoreError(err error) error {
	if usage := (*exit.UsageError)(nil); errors.As(err, &usage) {
		return err
	}
	return &initiator.Error{Stage: initiator.StageStore, Err: err}
}
