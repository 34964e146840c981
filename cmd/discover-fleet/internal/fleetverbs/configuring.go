package fleetverbs

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/cmd/internal/jsonitem"
	"github.com/go-iscsi/discovery/cmd/internal/terminal"
	"github.com/go-iscsi/discovery/cmd/internal/wording"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
)

// A kind is one kind of record of config/, as the verbs below a noun treat it.
type kind struct {
	name   string                           // portal
	list   string                           // portals: the name of the list in a document
	item   string                           // desired-portal: the type of a line
	what   string                           // PORTAL: the argument
	head   []string                         // of the list
	prefix func(fleet.Keys) string          // of all records
	key    func(arg string) (string, error) // of the record that an argument names
	named  func(fleet.Key) bool             // the key is of this kind
	show   func(fleet.Key, []byte) (shown, error)
}

// A shown is a record as it is printed.
type shown struct {
	json any
	row  []string
}

// records runs a verb on config/.
func (c *command) records(use func(ctx context.Context, r *records, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		return c.withClient(cmd.Context(), func(client *clientv3.Client) error {
			return use(cmd.Context(), &records{client: client, fleet: c.fleet.Name, dryRun: c.Global.DryRun}, args)
		})
	}
}

// listVerb returns the verb that lists records.
func (c *command) listVerb(k *kind, long string) *cobra.Command {
	return &cobra.Command{
		Use: "list [FLAGS]", Short: "list the " + k.list + " that the fleet's configuration has", Long: long,
		Args: flags.Arguments(0, 0, ""), ValidArgsFunction: cobra.NoFileCompletions,
		RunE: c.records(func(ctx context.Context, r *records, _ []string) error {
			l := c.NewListing(k.list, k.item, k.head...)
			c.fit(l)
			unread := 0
			err := r.list(ctx, k.prefix(c.fleet.Keys()), func(kv *mvccpb.KeyValue) error {
				key := c.fleet.Keys().Parse(string(kv.Key))
				if !k.named(key) {
					unread++
					c.Say("warning: key %s in etcd is passed over: it is none of a fleet's", wording.Quoted(string(kv.Key)))
					return nil
				}
				s, err := k.show(key, kv.Value)
				if err != nil {
					unread++
					c.Say("warning: key %s in etcd is passed over: %v", wording.Quoted(string(kv.Key)), err)
					return nil
				}
				return l.Item(s.json, s.row)
			})
			if err != nil {
				return err
			}
			if c.ForPeople() && l.Empty() && unread == 0 {
				c.Say("no %s in the configuration of the fleet %s", k.list, c.fleet.Name)
			}
			return l.End()
		}),
	}
}

// removeVerb returns the verb that removes records.
func (c *command) removeVerb(k *kind, long string) *cobra.Command {
	cmd := &cobra.Command{
		Use: "remove [FLAGS] " + k.what + "...", Short: "remove " + k.list + " from the fleet's configuration", Long: long,
		Args: flags.Arguments(1, -1, k.what), ValidArgsFunction: cobra.NoFileCompletions,
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := c.fleet.Understand(cmd.Context(), &c.Env); err != nil {
			return err
		}
		var keys []string
		for _, arg := range args {
			key, err := k.key(arg)
			if err != nil {
				return err
			}
			if !slices.Contains(keys, key) {
				keys = append(keys, key)
			}
		}
		return c.records(func(ctx context.Context, r *records, _ []string) error { return c.removeAll(ctx, r, k, keys) })(cmd, args)
	}
	c.AddFlags(cmd, flags.NewGroup("Changes", c.Global.ChangeFlagSet()))
	return cmd
}

// A jsonFleetRemoved is a record that was removed.
type jsonFleetRemoved struct {
	Kind string        `json:"kind"`
	Name jsonitem.Text `json:"name"`
}

// removeAll removes the records that there are, and names those that there are not.
func (c *command) removeAll(ctx context.Context, r *records, k *kind, keys []string) error {
	l := c.NewListing("removed", "removed")
	l.Would = ""
	missing := 0
	for _, key := range keys {
		name := nameOf(c.fleet.Keys().Parse(key))
		ok, err := r.remove(ctx, key)
		if err != nil {
			return err
		}
		if !ok {
			missing++
			c.Say("no %s %s in the configuration of the fleet %s; see discover fleet %s list", k.name, name, c.fleet.Name, k.name)
			continue
		}
		if !c.ForPeople() {
			err = l.Item(jsonFleetRemoved{k.name, jsonitem.Text(name)})
		} else {
			err = c.tell("removed", k.name, name)
		}
		if err != nil {
			return err
		}
	}
	if err := l.End(); err != nil {
		return err
	}
	switch {
	case missing == 0:
		return nil
	case missing < len(keys):
		return exit.StatusError(exit.Partly)
	}
	return exit.StatusError(exit.Failed)
}

// tell says for people what was done.
func (c *command) tell(did, kind, name string) error {
	line := fmt.Sprintf("%s %s %s of the fleet %s", did, kind, name, c.fleet.Name)
	if c.Global.DryRun {
		line = "dry run: would have " + line
	}
	return c.print(terminal.Visible(line) + "\n")
}

// nameOf is how a record is called.
func nameOf(k fleet.Key) string {
	if k.Kind == fleet.KindPortal {
		return k.Entry.Portal.String()
	}
	return k.Name
}

// addOne writes a record and answers with it.
func (c *command) addOne(ctx context.Context, r *records, k *kind, key string, value []byte) error {
	parsed := c.fleet.Keys().Parse(key)
	s, err := k.show(parsed, value) // what we could not read again is not written
	if err != nil {
		return exit.Usagef("%s %s: %v", k.name, wording.Quoted(nameOf(parsed)), err)
	}
	existed, err := r.put(ctx, key, value, func(b []byte) error { _, err := k.show(parsed, b); return err })
	if err != nil {
		return err
	}
	if !c.ForPeople() {
		l := c.NewListing(k.list, k.item)
		if err := l.Item(s.json); err != nil {
			return err
		}
		return l.End()
	}
	did := "added"
	if existed {
		did = "changed"
	}
	return c.tell(did, k.name, nameOf(parsed))
}

// hostsFlag defines the flag that says for which hosts a record is.
func hostsFlag(patterns *[]string) flags.Group {
	fs := flags.NewSet()
	fs.Var(flags.NewTexts(patterns, "PATTERN"), "hosts", "only for hosts whose name matches, such as rack1-*; may be repeated; default: all hosts")
	return flags.NewGroup("The hosts", fs)
}
