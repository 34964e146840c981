package main

import (
	"context"
	"errors"

	"github.com/go-iscsi/discovery/cmd/discover/internal/flags"
	"github.com/go-iscsi/discovery/cmd/discover/internal/machine"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/sqlite"
)

// rekeyFlags say what key the registry gets.
type rekeyFlags struct {
	passphrase flags.SecretRef
	keyFile    bool
	approved   bool
}

// A rekeyed is what was done.
type rekeyed struct {
	secrets int    // that were sealed again
	keyFile string // empty: they are sealed by a passphrase
}

// rekeyRegistry gives the registry another key. In a dry run it only tries all secrets.
func (c *Command) rekeyRegistry(ctx context.Context, flags *rekeyFlags) (done rekeyed, err error) {
	path, err := c.registryPath()
	if err != nil {
		return done, err
	}
	open := sqlite.OpenExisting
	if c.global.DryRun {
		open = sqlite.OpenReadOnly
	}
	store, err := open(ctx, path)
	if err != nil {
		return done, asStoreError(err)
	}
	defer store.Close() //nolint:errcheck // what was acknowledged is on the disk
	c.log().Info("registry", "file", path)
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
	done.secrets = r.n
	if !r.next.byPassphrase() {
		done.keyFile = r.file
	}
	return done, nil
}

// asStoreError returns an error as one of the registry, unless it is about the command
// line.
func asStoreError(err error) error {
	if usage := (*machine.UsageError)(nil); errors.As(err, &usage) {
		return err
	}
	return &initiator.Error{Stage: initiator.StageStore, Err: err}
}
