package main

import (
	"errors"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/spf13/cobra"
)

// portal returns the verbs about the portals of the registry.
func (c *command) portal() *cobra.Command {
	return c.noun("portal", "keep portals in the registry, and ask them", portalManual,
		c.portalAdd(), c.portalList())
}

// answering runs a verb of the registry. What it could not do is its answer.
func (c *command) answering(verb func(cmd *cobra.Command, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		err := verb(cmd, args)
		var e *initiator.Error
		if errors.As(err, &e) {
			return c.failure(err)
		}
		return err
	}
}

// noTargetLines refuses -o iscsiadm where there are no lines of targets.
func (c *command) noTargetLines(cmd *cobra.Command) error {
	if c.global.output == formatISCSIADM {
		return usagef("-o iscsiadm has lines of targets only, and %s shows none: use table, json or jsonl", pathOf(cmd))
	}
	return nil
}
