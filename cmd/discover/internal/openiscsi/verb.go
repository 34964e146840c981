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
		Short:              "do what open-iscsi's iscsiadm does for discovery",
		Long:               manual,
		DisableFlagParsing: true,
		ValidArgsFunction:  completing(c),
		RunE:               func(cmd *cobra.Command, args []string) error { return Run(cmd.Context(), c, args) },
	}
}

const manual = `discover iscsiadm does what open-iscsi's iscsiadm does for discovery, with the
same arguments, output and exit statuses, for programs that call iscsiadm.
Called by a link of the name iscsiadm, discover does the same. It needs no root,
daemon or lock.

  -m discovery -t st -p ADDRESS[:PORT] [-I IFACE]... [-o nonpersistent] [-P 0|1]
  -m discoverydb -t st -p ADDRESS[:PORT] -o new|show|update|delete
                                           [-n KEY -v VALUE]...
  -m discoverydb -t st -p ADDRESS[:PORT] -D
  the same with -t isns                    ask an iSNS server (port 3205)
  -m discovery | -m discoverydb            list what was asked
  -m node [-P 0|1], -m iface               list what was found, and the ifaces

Portals, iSNS servers, records and targets are in the registry of discover, and
its rules apply. For other modes, iscsiadm runs the program that DISCOVER_ISCSIADM names
(such as /usr/sbin/iscsiadm) with the same arguments. After a discovery, it has
that program make the node records that it lacks (-m node -o new). Without that
program, other modes end with exit status 27.

DISCOVER_REGISTRY says where the registry is. With DISCOVER_ISCSIADM_REFS=1, a
secret after -v may be file:PATH, env:NAME or cred:NAME; otherwise, the value is
the secret itself. /etc/discover/iscsiadm.conf may set the same, as KEY = VALUE.`
