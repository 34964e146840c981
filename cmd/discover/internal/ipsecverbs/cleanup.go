package ipsecverbs

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/go-iscsi/discovery/cmd/discover/internal/manual"
	"github.com/go-iscsi/discovery/cmd/discover/internal/verb"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/cmd/internal/jsonitem"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/ipsec/strongswan"
)

// ipsecCleanup returns the verb.
func (c *command) ipsecCleanup() *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use:               "cleanup [FLAGS]",
		Short:             "remove from the IKE daemon what killed discoveries left there",
		Long:              manual.IPsecCleanup,
		ValidArgsFunction: cobra.NoFileCompletions,
		Args:              flags.Arguments(0, 0, ""),
		RunE: c.Answer(func(cmd *cobra.Command, _ []string) error {
			if err := c.RefuseTargetLines(cmd); err != nil {
				return err
			}
			return c.cleanup(cmd.Context(), all)
		}),
	}
	fs := flags.NewSet()
	fs.BoolVar(&all, "all", false, "also remove leftovers whose owner is unknown")
	c.AddFlags(cmd, flags.NewGroup("What to remove", fs), flags.NewGroup("Changes", c.Global.ChangeFlagSet()))
	return cmd
}

// jsonLeftover is something of ours in the IKE daemon.
type jsonLeftover struct {
	Name    jsonitem.Text  `json:"name"`
	Owner   string         `json:"owner"`
	Removed bool           `json:"removed"`
	Error   *jsonitem.Text `json:"error"`
}

// cleanup takes out what there is, and shows it.
func (c *command) cleanup(ctx context.Context, all bool) error {
	if c.CleanIPsec == nil {
		return &initiator.Error{Stage: initiator.StageSecure, Err: &isdsc.Error{
			Code: isdsc.IPsecNotSupportedOnOS, What: "IPsec", Reason: "discover knows no IKE daemon on this system", Err: errors.ErrUnsupported,
		}}
	}
	list, err := c.CleanIPsec(ctx, all, c.Global.DryRun)
	if err != nil {
		return &initiator.Error{Stage: initiator.StageSecure, Err: &isdsc.Error{
			Code: initiator.Code(err), What: "IPsec", Reason: initiator.Reason(err), Err: err,
		}}
	}
	l := c.NewListing("leftovers", "leftover", "NAME", "OWNER", "DONE")
	l.Would = "nothing is removed"
	tried, failed := 0, 0
	for i := range list {
		left := &list[i]
		j := jsonLeftover{Name: jsonitem.Text(left.Name), Owner: left.Owner, Removed: left.Removed}
		if left.Err != nil {
			failed++
			text := jsonitem.Text(left.Err.Error())
			j.Error = &text
		}
		if left.Err != nil || left.Removed {
			tried++
		}
		if err := l.Item(j, []string{left.Name, left.Owner, c.cleaned(left, all)}); err != nil {
			return err
		}
		if j.Error != nil && c.ForPeople() {
			c.Say("%s", *j.Error)
		}
	}
	if l.Empty() && c.ForPeople() {
		c.Say("charon has nothing left from discoveries")
	}
	if err := l.End(); err != nil {
		return err
	}
	return verb.Partly(tried, failed)
}

// cleaned says what was done with a leftover, or in a dry run would be.
func (c *command) cleaned(l *strongswan.Leftover, all bool) string {
	switch {
	case l.Err != nil:
		return "failed"
	case l.Removed:
		return "removed"
	case c.Global.DryRun && l.Due(all):
		return "would be removed"
	}
	return "stays"
}
