package hostverbs

import (
	"errors"
	"net/netip"
	"strings"

	"github.com/spf13/cobra"

	"github.com/go-iscsi/discovery/cmd/discover/internal/manual"
	"github.com/go-iscsi/discovery/cmd/discover/internal/verb"
	"github.com/go-iscsi/discovery/cmd/internal/app"
	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/cmd/internal/jsonitem"
	"github.com/go-iscsi/discovery/cmd/internal/machine"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// Instance returns the verbs about initiator instances.
func Instance(of *app.Command) *cobra.Command {
	c := &command{of}
	return verb.Noun("instance", "named sets of addresses of this host to ask from", manual.Instance,
		c.instanceList(), c.instanceAdd(), c.instanceRemove())
}

// instanceList returns the verb.
func (c *command) instanceList() *cobra.Command {
	return &cobra.Command{
		Use:               "list [FLAGS]",
		Short:             "list the initiator instances",
		Long:              manual.InstanceList,
		ValidArgsFunction: cobra.NoFileCompletions,
		Args:              flags.Arguments(0, 0, ""),
		RunE: c.Answer(func(cmd *cobra.Command, _ []string) error {
			if err := c.RefuseTargetLines(cmd); err != nil {
				return err
			}
			return c.WithService(cmd.Context(), app.ReadOnly, c.NewDiscoverer(nil), func(s *registry.Service) error {
				all, err := s.Instances(cmd.Context())
				if err != nil && !app.IsOneRecord(err) {
					return err
				}
				unread := app.EachUnread(err)
				l := c.NewListing("instances", "instance", "INSTANCE", "NODE NAME", "INTERFACES", "ADDRESSES")
				for _, i := range all {
					j := newJSONInstance(&i)
					addresses := strings.Join(j.Addresses, " ")
					if len(j.Addresses) == 0 && len(j.Interfaces) == 0 {
						addresses = "all of this host"
					}
					if err := l.Item(j, []string{i.Name, i.NodeName, strings.Join(j.Interfaces, " "), addresses}); err != nil {
						return err
					}
				}
				return c.EndListing(l, unread...)
			})
		}),
	}
}

// jsonInstance is an initiator instance.
type jsonInstance struct {
	Name       jsonitem.Text         `json:"name"`
	NodeName   jsonitem.Text         `json:"node_name"`
	Interfaces jsonitem.List[string] `json:"interfaces"`
	Addresses  jsonitem.List[string] `json:"addresses"`
	BuiltIn    bool                  `json:"built_in"`
	Before     *jsonInstance         `json:"before,omitempty"` // of instance add: what it was; nil: there was none
}

func newJSONInstance(i *ports.Instance) *jsonInstance {
	j := &jsonInstance{
		Name: jsonitem.Text(i.Name), NodeName: jsonitem.Text(i.NodeName), Interfaces: i.Interfaces,
		BuiltIn: i.Name == ports.Host,
	}
	for _, a := range i.Addresses {
		j.Addresses = append(j.Addresses, a.String())
	}
	return j
}

// instanceAdd returns the verb.
func (c *command) instanceAdd() *cobra.Command {
	var i ports.Instance
	strict, replace := false, false
	cmd := &cobra.Command{
		Use:               "add [FLAGS] NAME",
		Short:             "add an initiator instance, or change it",
		Long:              manual.InstanceAdd,
		ValidArgsFunction: cobra.NoFileCompletions,
		Args:              flags.Arguments(1, 1, "NAME"),
		RunE: c.Answer(func(cmd *cobra.Command, args []string) error {
			if err := c.RefuseTargetLines(cmd); err != nil {
				return err
			}
			if strings.EqualFold(args[0], flags.AnyInstance) {
				return exit.Usagef("instance add: --instance %s means entries without an instance, so no instance can have that name", flags.AnyInstance)
			}
			i.Name = args[0]
			d := c.NewDiscoverer(nil)
			d.StrictNames = strict
			return c.WithService(cmd.Context(), app.CreateIfMissing, d, func(s *registry.Service) error {
				return c.addInstance(cmd.Context(), s, &i, replace)
			})
		}),
	}
	fs := flags.NewSet()
	fs.Var(flags.NewText(&i.NodeName, "IQN"), "node-name", "the iSCSI name of the instance; default: that of initiator show")
	fs.Var(&list{&i.Interfaces, "INTERFACE"}, "interface", "a network interface whose addresses belong to it; may be repeated")
	fs.Var(&addresses{&i.Addresses}, "address", "an address that belongs to it; may be repeated")
	fs.BoolVar(&replace, "replace", false, "drop all values that are not given now; default: keep those of an instance that exists")
	fs.AddFlagSet(strictNameFlag(&strict))
	c.AddFlags(cmd,
		flags.NewGroup("The instance (without --interface and --address, all addresses belong to it)", fs),
		flags.NewGroup("Changes", c.Global.ChangeFlagSet()))
	_ = cmd.RegisterFlagCompletionFunc("interface", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		var names []string
		found, _ := c.Interfaces()
		for _, n := range found {
			names = append(names, n.Name)
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	})
	return cmd
}

// instanceRemove returns the verb.
func (c *command) instanceRemove() *cobra.Command {
	cmd := &cobra.Command{
		Use:               "remove [FLAGS] NAME",
		Short:             "remove an initiator instance",
		Long:              manual.InstanceRemove,
		ValidArgsFunction: verb.CompleteFromRegistry(c.Command, verb.InstanceNames),
		Args:              flags.Arguments(1, 1, "NAME"),
		RunE: c.Answer(func(cmd *cobra.Command, args []string) error {
			if err := c.RefuseTargetLines(cmd); err != nil {
				return err
			}
			return c.WithService(cmd.Context(), app.Existing, c.NewDiscoverer(nil), func(s *registry.Service) error {
				if err := s.RemoveInstance(cmd.Context(), args[0]); err != nil {
					return err
				}
				return c.Done("removed", "removed", verb.JSONName{Name: jsonitem.Text(args[0])}, "removed instance %s", args[0])
			})
		}),
	}
	c.AddFlags(cmd, flags.NewGroup("Changes", c.Global.ChangeFlagSet()))
	return cmd
}

// A list is a flag that may be given again.
type list struct {
	value *[]string
	name  string
}

func (l *list) String() string { return "" }

// Repeats reports that the flag may be given several times.
func (l *list) Repeats() bool { return true }

func (l *list) Type() string { return l.name }

func (l *list) Set(s string) error {
	if s == "" {
		return errors.New("expected a name")
	}
	*l.value = append(*l.value, s)
	return nil
}

// addresses is an address flag that may be given again.
type addresses struct{ value *[]netip.Addr }

func (l *addresses) String() string { return "" }

// Repeats reports that the flag may be given several times.
func (l *addresses) Repeats() bool { return true }

// Offer offers the addresses of this host.
func (l *addresses) Offer(w *machine.Env, word string) ([]string, cobra.ShellCompDirective) {
	return flags.NewAddress(nil).Offer(w, word)
}

func (l *addresses) Type() string { return "ADDRESS" }

func (l *addresses) Set(s string) error {
	var a netip.Addr
	err := flags.NewAddress(&a).Set(s)
	if err == nil {
		*l.value = append(*l.value, a)
	}
	return err
}
