package isnsverbs

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/go-iscsi/discovery/cmd/discover/internal/manual"
	"github.com/go-iscsi/discovery/cmd/discover/internal/verb"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/pkg/initiator"
)

// query returns the verb that asks servers, and stores nothing.
func (c *command) query() *cobra.Command {
	var f flags.ISNS
	cmd := &cobra.Command{
		Use:               "query [FLAGS] SERVER...",
		Short:             "ask iSNS servers for targets, and store nothing",
		Long:              manual.ISNSQuery,
		ValidArgsFunction: verb.CompleteFromRegistry(c.Command, verb.ISNSServerNames),
		Args:              flags.Arguments(1, -1, "SERVER"),
		RunE: c.Answer(func(cmd *cobra.Command, args []string) error {
			servers, err := f.Servers(args)
			if err == nil {
				err = f.Check()
			}
			if err != nil {
				return err
			}
			a, err := NewAsker(cmd.Context(), c.Command, &f)
			if err != nil {
				return err
			}
			var captured initiator.Discoverer
			return c.Capture(&f.Run, &captured, func() error {
				a.Wrap = captured.Wrap
				return c.askEach(cmd.Context(), a, servers)
			})
		}),
	}
	c.AddFlags(cmd,
		flags.NewGroup("How to ask it", f.NameFlagSet()),
		flags.NewGroup("The run", f.RunFlagSet()))
	verb.CompleteKeyFlags(c.Command, cmd)
	return cmd
}

// askEach asks servers, and shows what they answer.
func (c *command) askEach(ctx context.Context, a *Asker, servers []initiator.Portal) error {
	out := c.newOutput()
	for _, p := range servers {
		r := a.Ask(ctx, p)
		if err := out.result(&r); err != nil {
			return err
		}
	}
	if err := out.end(); err != nil {
		return err
	}
	return verb.Partly(len(servers), out.failed)
}
