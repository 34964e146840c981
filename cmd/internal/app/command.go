package app

import (
	"github.com/spf13/cobra"

	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/cmd/internal/machine"
	"github.com/go-iscsi/discovery/cmd/internal/sweep"
	"github.com/go-iscsi/discovery/cmd/internal/terminal"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isns"
)

// A Command is one run of discover: the machine, the flags of all verbs, and what a
// verb needs to open the registry, to ask portals and to show results.
type Command struct {
	machine.Env
	Global    flags.Global
	Line      *terminal.StatusLine             // standard error
	Groups    map[*cobra.Command][]flags.Group // of each verb, for its manual
	Program   string                           // whose name begins each line on standard error; empty: discover
	Strict    bool                             // hold CHAP secrets to what Windows takes
	Initiator NodeName                         // our name, where no portal and no instance has another; empty: not known yet
	Found     func(*initiator.Batch)           // hears what portals of the registry answer, as it comes; nil: nothing does
	TraceISNS func(isns.TraceEvent)            // of the exchanges with iSNS servers of the registry; nil: there is no trace
	Draws     bool                             // the verb has another use for the terminal than the progress
	Progress  *sweep.Progress                  // of the portals of the registry that are asked; nil: it is not shown
	said      map[string]bool                  // lines that are said once
}

// AddFlags gives a verb its flags.
func (c *Command) AddFlags(cmd *cobra.Command, groups ...flags.Group) {
	for _, g := range groups {
		cmd.Flags().AddFlagSet(g.Set)
	}
	c.Groups[cmd] = groups
}
