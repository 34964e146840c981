package hostverbs

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/go-iscsi/discovery/cmd/discover/internal/manual"
	"github.com/go-iscsi/discovery/cmd/internal/app"
	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/cmd/internal/jsonitem"
	"github.com/go-iscsi/discovery/cmd/internal/wording"
)

// registryRekey returns the verb.
func (c *command) registryRekey() *cobra.Command {
	var given app.RekeyFlags
	cmd := &cobra.Command{
		Use:               "rekey [FLAGS]",
		Short:             "seal all secrets of the registry with another key",
		Long:              manual.RegistryRekey,
		ValidArgsFunction: cobra.NoFileCompletions,
		Args:              flags.Arguments(0, 0, ""),
		RunE: c.Answer(func(cmd *cobra.Command, _ []string) error {
			if err := c.RefuseTargetLines(cmd); err != nil {
				return err
			}
			if err := flags.CheckRefs(&c.Global.Key, &given.Passphrase); err != nil {
				return err
			}
			if given.KeyFile && given.Passphrase.Given() {
				return exit.Usagef("--new-key and --new-key-file exclude each other: give only one of them")
			}
			return c.rekey(cmd.Context(), &given)
		}),
	}
	fs := flags.NewSet()
	given.Passphrase.AsIs = true
	fs.Var(&given.Passphrase, "new-key", "the new passphrase: file:PATH, env:NAME, cred:NAME, fd:N or prompt")
	fs.BoolVar(&given.KeyFile, "new-key-file", false, "a new key in registry.key beside the registry; the default if the present key is there")
	fs.BoolVar(&given.Approved, "fips", false, "use algorithms approved by FIPS 140-3; secrets sealed with these (AES-256-GCM, PBKDF2) can be opened where Go enforces FIPS 140-3")
	c.AddFlags(cmd, flags.NewGroup("The new key", fs), flags.NewGroup("Changes", c.Global.ChangeFlagSet()))
	return cmd
}

// jsonRekeyed is what was done.
type jsonRekeyed struct {
	Secrets int           `json:"secrets"`  // that were sealed again
	Key     string        `json:"key"`      // passphrase or file
	KeyFile jsonitem.Text `json:"key_file"` // empty for a passphrase
}

// rekey gives the registry another key, and says by which its secrets are sealed now.
func (c *command) rekey(ctx context.Context, flags *app.RekeyFlags) error {
	done, err := c.Rekey(ctx, flags)
	if err != nil {
		return err
	}
	j := jsonRekeyed{Secrets: done.Secrets, Key: "passphrase"}
	by := "the new passphrase"
	if done.KeyFile != "" {
		j.Key, j.KeyFile, by = "file", jsonitem.Text(done.KeyFile), "a new key in "+done.KeyFile
	}
	return c.Done("rekeyed", "rekeyed", j, "sealed %s with %s", wording.Plural(done.Secrets, "secret", "secrets"), by)
}
