package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/go-iscsi/discovery/cmd/discover/internal/machine"
	"github.com/go-iscsi/discovery/cmd/discover/internal/render"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/sqlite"
)

// rekeyFlags say what key the registry gets.
type rekeyFlags struct {
	passphrase secretRef
	keyFile    bool
	approved   bool
}

// registryRekey returns the verb.
func (c *command) registryRekey() *cobra.Command {
	var flags rekeyFlags
	cmd := &cobra.Command{
		Use:               "rekey [FLAGS]",
		Short:             "seal all secrets of the registry by another key",
		Long:              registryRekeyManual,
		ValidArgsFunction: cobra.NoFileCompletions,
		Args:              arguments(0, 0, ""),
		RunE: c.answering(func(cmd *cobra.Command, _ []string) error {
			if err := c.noTargetLines(cmd); err != nil {
				return err
			}
			if err := checkRefs(&c.global.key, &flags.passphrase); err != nil {
				return err
			}
			if flags.keyFile && flags.passphrase.given() {
				return machine.Usagef("--new-key and --new-key-file are two kinds of key: choose one")
			}
			return c.rekey(cmd.Context(), &flags)
		}),
	}
	fs := newFlagSet()
	flags.passphrase.asIs = true
	fs.Var(&flags.passphrase, "new-key", "the passphrase from now on: file:PATH, env:NAME, cred:NAME, fd:N or prompt")
	fs.BoolVar(&flags.keyFile, "new-key-file", false, "a new key in registry.key beside the registry; the default where the key is there now")
	fs.BoolVar(&flags.approved, "fips", false, "seal by what FIPS 140-3 approves (AES-256-GCM, PBKDF2), so that the secrets open where Go enforces that")
	c.addFlags(cmd, flagGroup{"The new key", fs}, flagGroup{"Changes", c.global.changeFlags()})
	_ = cmd.RegisterFlagCompletionFunc("new-key", complete(secretSchemes...))
	return cmd
}

// jsonRekeyed is what was done.
type jsonRekeyed struct {
	Secrets int             `json:"secrets"`  // that were sealed again
	Key     string          `json:"key"`      // passphrase or file
	KeyFile render.JSONText `json:"key_file"` // empty for a passphrase
}

// rekey does the work.
func (c *command) rekey(ctx context.Context, flags *rekeyFlags) error {
	path, err := c.registryPath()
	if err != nil {
		return err
	}
	open := existing
	if c.global.dryRun {
		open = sqlite.OpenReadOnly
	}
	store, err := open(ctx, path)
	if err != nil {
		return asStoreError(err)
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
		return asStoreError(err)
	}
	j := jsonRekeyed{Secrets: r.n, Key: "passphrase"}
	by := "the new passphrase"
	if !r.next.byPassphrase() {
		j.Key, j.KeyFile, by = "file", render.JSONText(r.file), "a new key in "+r.file
	}
	return c.done("rekeyed", j, "sealed %s by %s", machine.Plural(r.n, "secret", "secrets"), by)
}

// asStoreError returns an error as one of the registry, unless it is about the command
// line.
func asStoreError(err error) error {
	if usage := (*machine.UsageError)(nil); errors.As(err, &usage) {
		return err
	}
	return &initiator.Error{Stage: initiator.StageStore, Err: err}
}
