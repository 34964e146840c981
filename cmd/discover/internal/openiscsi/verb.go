package openiscsi

import (
	"github.com/spf13/cobra"

	"github.com/go-iscsi/discovery/cmd/internal/app"
)

// Verb returns discover iscsiadm, for the manual and for completion: Run is called
// before the flags of the other verbs are read.
func Verb(c *app.Command) *cobra.Command {
	return &cobra.Command{
		Use:                "iscsiadm ARGUMENT...",
		Short:              "the discovery modes of open-iscsi's iscsiadm, with its arguments",
		Long:               manual,
		DisableFlagParsing: true,
		ValidArgsFunction:  completing(c),
		RunE:               func(cmd *cobra.Command, args []string) error { return Run(cmd.Context(), c, args) },
	}
}

const manual = `Does what iscsiadm of open-iscsi does for discovery, with the same arguments, lines
and exit statuses, for programs that call it; also where discover is called by a
link of the name iscsiadm. It needs no root, no daemon and no lock.

  -m discovery -t st -p ADDRESS[:PORT] [-I IFACE]... [-o nonpersistent] [-P 0|1]
  -m discoverydb -t st -p ADDRESS[:PORT] -o new|show|update|delete [-n KEY -v VALUE]...
  -m discoverydb -t st -p ADDRESS[:PORT] -D
  -m discovery | -m discoverydb            list what was asked
  -m node [-P 0|1], -m iface               list what was found, and the ifaces

Portals, records and targets are in discover's registry, and the rules there hold.
Other modes are those of the real program, which DISCOVER_ISCSIADM names, as
/usr/sbin/iscsiadm: it is run with the same arguments, and after a discovery the
nodes that it lacks are made there (-m node -o new). Without it they end with 27.

DISCOVER_REGISTRY says where the registry is. With DISCOVER_ISCSIADM_REFS=1 a
secret after -v may be file:PATH, env:NAME or cred:NAME; else it is always the
secret itself. /etc/discover/iscsiadm.conf may set the same, as KEY = VALUE.`
