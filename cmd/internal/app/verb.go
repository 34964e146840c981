package app

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/cmd/internal/render"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// RegistryVerb runs a verb that shows or changes the registry, and asks no portal.
func (c *Command) RegistryVerb(a Access, verb func(ctx context.Context, s *registry.Service, args []string) error) func(*cobra.Command, []string) error {
	return c.Answer(func(cmd *cobra.Command, args []string) error {
		if err := c.RefuseTargetLines(cmd); err != nil {
			return err
		}
		return c.WithService(cmd.Context(), a, c.NewDiscoverer(nil), func(s *registry.Service) error {
			return verb(cmd.Context(), s, args)
		})
	})
}

// Answer runs a verb of the registry. An error of the engine or of the registry is a result,
// which it shows in the format of -o.
func (c *Command) Answer(verb func(cmd *cobra.Command, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		err := verb(cmd, args)
		var (
			e     *initiator.Error
			usage *exit.UsageError
		)
		if errors.As(err, &e) && !errors.As(err, &usage) {
			return c.failure(err)
		}
		return err
	}
}

// ForPeople reports output that people read, and not programs.
func (c *Command) ForPeople() bool {
	return c.Global.Output != render.FormatJSON && c.Global.Output != render.FormatJSONL
}

// RefuseTargetLines refuses -o iscsiadm where there are no lines of targets.
func (c *Command) RefuseTargetLines(cmd *cobra.Command) error {
	if c.Global.Output == render.FormatISCSIADM {
		return exit.Usagef("-o iscsiadm prints only targets, but %s shows none: use table, json or jsonl", flags.PathOf(cmd))
	}
	return nil
}
