package fleetprogram

import (
	"github.com/spf13/cobra"

	"github.com/go-iscsi/discovery/cmd/internal/app"
)

// Name is the verb.
const Name = "fleet"

// Verb returns discover fleet, for the manual and for completion: Run is called before the
// flags of the other verbs are read.
func Verb(c *app.Command) *cobra.Command {
	return &cobra.Command{
		Use:                Name + " VERB [FLAGS] ...",
		Short:              "show what the hosts of a fleet see (etcd)",
		Long:               manual,
		DisableFlagParsing: true,
		ValidArgsFunction: func(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
			return complete(cmd.Context(), &c.Env, append(args, word))
		},
		RunE: func(cmd *cobra.Command, args []string) error { return Run(cmd.Context(), c, args) },
	}
}

const manual = `discover fleet shows what the hosts of a fleet see, as they tell each other through
etcd, and says what all of them are to ask:

  paths    by portal, which hosts see the same
  hosts    the hosts of the fleet
  targets  targets, with how many hosts see each
  diff     which hosts do not see what they should
  watch    what changes in the fleet
  portal   which portals all hosts are to ask
  policy   IPsec policies of the fleet
  login    login templates of the fleet

The verbs are in a program of its own, discover-fleet, which discover looks for beside
itself and then in PATH. discover help fleet VERB and discover man fleet VERB print
what that program says of its verbs.

Exit status: that of discover-fleet; 1 if it is not installed.

Examples:
  discover fleet diff --fleet prod --etcd https://etcd1.example:2379
  discover help fleet diff`
