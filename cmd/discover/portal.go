package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/go-iscsi/discovery/cmd/discover/internal/flags"
	"github.com/go-iscsi/discovery/cmd/discover/internal/machine"
	"github.com/go-iscsi/discovery/cmd/discover/internal/manual"
	"github.com/go-iscsi/discovery/cmd/discover/internal/render"
	"github.com/go-iscsi/discovery/pkg/initiator"
)

// portal returns the verbs about the portals of the registry.
func (c *command) portal() *cobra.Command {
	return c.noun("portal", "keep portals in the registry, and ask them", manual.Portal,
		c.portalAdd(), c.portalList(), c.portalRemove(), c.portalRefresh())
}

// answering runs a verb of the registry. What it could not do is its answer.
func (c *Command) answering(verb func(cmd *cobra.Command, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		err := verb(cmd, args)
		var (
			e     *initiator.Error
			usage *machine.UsageError
		)
		if errors.As(err, &e) && !errors.As(err, &usage) {
			return c.failure(err)
		}
		return err
	}
}

// forPeople reports output that people read, and not programs.
func (c *Command) forPeople() bool {
	return c.global.Output != render.FormatJSON && c.global.Output != render.FormatJSONL
}

// listKeys names entries of the registry in a line.
func listKeys(keys []initiator.Key) string {
	const most = 5
	var names []string
	for i, k := range keys {
		if i == most {
			names = append(names, fmt.Sprintf("and %d more", len(keys)-most))
			break
		}
		names = append(names, k.String())
	}
	return strings.Join(names, ", ")
}

// noTargetLines refuses -o iscsiadm where there are no lines of targets.
func (c *Command) noTargetLines(cmd *cobra.Command) error {
	if c.global.Output == render.FormatISCSIADM {
		return machine.Usagef("-o iscsiadm has lines of targets only, and %s shows none: use table, json or jsonl", flags.PathOf(cmd))
	}
	return nil
}
