package fleetverbs

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/cmd/internal/jsonitem"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/etcd"
)

// forget returns the verb that drops silent hosts.
func (c *command) forget() *cobra.Command {
	cmd := &cobra.Command{
		Use: "forget [FLAGS] HOST...", Short: "drop silent hosts that will not come back", Long: manualForget,
		Args: flags.Arguments(1, -1, "HOST"), ValidArgsFunction: cobra.NoFileCompletions,
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		var hosts []string
		for _, arg := range args {
			if err := fleet.CheckHost(arg); err != nil {
				return exit.Usagef("%v", err)
			}
			if !slices.Contains(hosts, arg) {
				hosts = append(hosts, arg)
			}
		}
		return c.records(func(ctx context.Context, r *records, _ []string) error { return c.forgetAll(ctx, r, hosts) })(cmd, args)
	}
	c.AddFlags(cmd, flags.NewGroup("Changes", c.Global.ChangeFlagSet()))
	return cmd
}

// A jsonFleetForgotten is a host that was dropped.
type jsonFleetForgotten struct {
	Host jsonitem.Text `json:"host"`
}

// forgetAll drops the hosts that are silent, and says of the others why not.
func (c *command) forgetAll(ctx context.Context, r *records, hosts []string) error {
	l := c.NewListing("forgotten", "forgotten-host")
	l.Would = ""
	kept := 0
	for _, host := range hosts {
		why, err := c.forgetOne(ctx, r, host)
		switch {
		case err != nil:
			return err
		case why != "":
			kept++
			c.Say("%s", why)
			continue
		case !c.ForPeople():
			err = l.Item(jsonFleetForgotten{jsonitem.Text(host)})
		default:
			err = c.tell("dropped", "host", host)
		}
		if err != nil {
			return err
		}
	}
	if err := l.End(); err != nil {
		return err
	}
	switch {
	case kept == 0:
		return nil
	case kept < len(hosts):
		return exit.StatusError(exit.Partly)
	}
	return exit.StatusError(exit.Failed)
}

// forgetOne drops what the leader remembers of a host, if the host is silent; otherwise it
// says why not.
func (c *command) forgetOne(ctx context.Context, r *records, host string) (why string, err error) {
	info, known, left := c.fleet.Keys().Info(host), c.fleet.Keys().Known(host), c.fleet.Keys().Host(host)
	looked, err := r.client.Txn(ctx).If(clientv3.Compare(clientv3.CreateRevision(info), "=", 0), clientv3.Compare(clientv3.CreateRevision(known), ">", 0)).
		Then(r.dropping(known)...).
		Else(clientv3.OpGet(info, clientv3.WithCountOnly()), clientv3.OpGet(left, clientv3.WithPrefix(), clientv3.WithCountOnly())).Commit()
	switch {
	case err != nil:
		return "", etcd.ExplainFrom(r.client, "remove", known, err)
	case looked.Succeeded:
		return "", nil
	case looked.Responses[0].GetResponseRange().Count > 0:
		return fmt.Sprintf("host %s is not silent, and would be back at once: end discoverd there first", host), nil
	case looked.Responses[1].GetResponseRange().Count > 0:
		return fmt.Sprintf("no leader has noted host %s, and keys below %s are there: if they stay, no lease ends them; remove them with etcdctl del --prefix", host, left), nil
	}
	return fmt.Sprintf("no host %s is known in the fleet %s; see discover fleet hosts", host, c.fleet.Name), nil
}

// dropping is what removes a key; nothing in a dry run.
func (r *records) dropping(key string) []clientv3.Op {
	if r.dryRun {
		return nil
	}
	return []clientv3.Op{clientv3.OpDelete(key)}
}
