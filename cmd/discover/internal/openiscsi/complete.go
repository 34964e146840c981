package openiscsi

import (
	"github.com/spf13/cobra"

	"github.com/go-iscsi/discovery/cmd/discover/internal/iscsiadm"
	"github.com/go-iscsi/discovery/cmd/discover/internal/verb"
	"github.com/go-iscsi/discovery/cmd/internal/app"
)

// completing offers the options of the modes that are here, and their values.
func completing(c *app.Command) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
		at := iscsiadm.Complete(args, word)
		offers := at.Words
		if at.Portal {
			offers = verb.FromRegistry(cmd.Context(), c, verb.PortalNames)
		}
		if at.Server {
			offers = verb.FromRegistry(cmd.Context(), c, verb.ISNSServerNames)
		}
		if at.Iface {
			all, _, _ := iscsiadm.FindIfaces(c.Files).All()
			for _, i := range all {
				offers = append(offers, i.Name)
			}
		}
		return offers, cobra.ShellCompDirectiveNoFileComp
	}
}
