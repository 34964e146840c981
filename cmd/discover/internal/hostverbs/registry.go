package hostverbs

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/go-iscsi/discovery/cmd/discover/internal/manual"
	"github.com/go-iscsi/discovery/cmd/discover/internal/verb"
	"github.com/go-iscsi/discovery/cmd/internal/app"
	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/cmd/internal/jsonitem"
	"github.com/go-iscsi/discovery/cmd/internal/machine"
	"github.com/go-iscsi/discovery/cmd/internal/terminal"
)

// Registry returns the verbs about the registry as a file.
func Registry(of *app.Command) *cobra.Command {
	c := &command{of}
	return verb.Noun("registry", "the registry file, and the key of its secrets", manual.Registry,
		c.registryPathVerb(), c.registryCheck(), c.registryRekey())
}

// A jsonPlace says where the registry is.
type jsonPlace struct {
	Path    jsonitem.Text `json:"path"`
	KeyFile jsonitem.Text `json:"key_file"` // where there is no passphrase
	From    string        `json:"from"`     // what says so: --registry, DISCOVER_REGISTRY or default
}

// registryPathVerb returns the verb.
func (c *command) registryPathVerb() *cobra.Command {
	return &cobra.Command{
		Use:               "path [FLAGS]",
		Short:             "print the path of the registry",
		Long:              manual.RegistryPath,
		ValidArgsFunction: cobra.NoFileCompletions,
		Args:              flags.Arguments(0, 0, ""),
		RunE: c.Answer(func(cmd *cobra.Command, _ []string) error {
			if err := c.RefuseTargetLines(cmd); err != nil {
				return err
			}
			path, from, err := c.RegistryPlace()
			if err != nil {
				return err
			}
			key := ""
			if _, inEtcd := machine.RegistryInEtcd(path); !inEtcd {
				if path, err = filepath.Abs(path); err != nil {
					return exit.Usagef("the path is relative, and the current directory no longer exists")
				}
				key = filepath.Join(filepath.Dir(path), app.KeyFile)
			}
			if c.ForPeople() {
				_, err := fmt.Fprintln(c.Stdout, terminal.Visible(path))
				return err
			}
			l := c.NewListing("registry", "registry")
			if err := l.Item(jsonPlace{jsonitem.Text(path), jsonitem.Text(key), from}); err != nil {
				return err
			}
			return l.End()
		}),
	}
}

// registryCheck returns the verb.
func (c *command) registryCheck() *cobra.Command {
	return &cobra.Command{
		Use:               "check [FLAGS]",
		Short:             "check the registry for damage and unsafe file permissions",
		Long:              manual.RegistryCheck,
		ValidArgsFunction: cobra.NoFileCompletions,
		Args:              flags.Arguments(0, 0, ""),
		RunE: c.Answer(func(cmd *cobra.Command, _ []string) error {
			if err := c.RefuseTargetLines(cmd); err != nil {
				return err
			}
			path, err := c.RegistryPath()
			if err != nil {
				return err
			}
			if _, inEtcd := machine.RegistryInEtcd(path); inEtcd {
				return exit.Usagef("registry check: it checks a file, and this registry is in etcd; discover portal list and target list name records that are damaged")
			}
			if path, err = filepath.Abs(path); err != nil {
				return exit.Usagef("the path is relative, and the current directory no longer exists")
			}
			return c.CheckRegistry(cmd.Context(), path)
		}),
	}
}
