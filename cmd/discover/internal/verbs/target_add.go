package verbs

import (
	"context"
	"errors"
	"net/netip"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/go-iscsi/discovery/cmd/discover/internal/manual"
	"github.com/go-iscsi/discovery/cmd/discover/internal/verb"
	"github.com/go-iscsi/discovery/cmd/internal/app"
	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/cmd/internal/jsonitem"
	"github.com/go-iscsi/discovery/cmd/internal/render"
	"github.com/go-iscsi/discovery/cmd/internal/wording"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/name"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
	"github.com/go-iscsi/discovery/pkg/pdu"
)

// targetAdd returns the verb.
func (c *command) targetAdd() *cobra.Command {
	var (
		t                      registry.StaticTarget
		addresses              targetAddresses
		hide, merge, noPersist bool
	)
	cmd := &cobra.Command{
		Use:               "add [FLAGS] NAME",
		Short:             "configure a target by hand; nothing is sent",
		Long:              manual.TargetAdd,
		ValidArgsFunction: cobra.NoFileCompletions,
		Args:              verb.TargetArguments(1, 1, "NAME"),
		RunE: c.Answer(func(cmd *cobra.Command, args []string) error {
			if err := c.RefuseTargetLines(cmd); err != nil {
				return err
			}
			if verb.IsAddress(args[0]) {
				return exit.Usagef("%s is an address, but the name of a target is expected: for a portal use discover portal add, for the address of a target --address", wording.Quoted(args[0]))
			}
			t.Name, t.Addresses, t.Persist = args[0], addresses, !noPersist
			if hide {
				t.Flags |= registry.HideStaticTarget
			}
			if merge {
				t.Flags |= registry.MergeTargetInformation
			}
			a := app.CreateIfMissing
			if noPersist {
				a = app.Existing
			}
			return c.WithService(cmd.Context(), a, c.NewDiscoverer(nil), func(s *registry.Service) error {
				return c.addTarget(cmd.Context(), s, t)
			})
		}),
	}
	fs := flags.NewSet()
	fs.Var(flags.NewText(&t.Alias, "TEXT"), "alias", "the target's alias")
	fs.Var(&addresses, "address", "where it can be reached, such as 192.0.2.10, 192.0.2.10:3261 or [2001:db8::10]:3260,1 with the portal group tag; may be repeated")
	fs.BoolVar(&hide, "hide", false, "do not list it until a portal reports it, too")
	fs.BoolVar(&merge, "merge", false, "add to a static target of this name; default: replace it")
	fs.BoolVar(&noPersist, "no-persist", false, "only check it, and do not store it")
	c.AddFlags(cmd,
		flags.NewGroup("The target", fs),
		flags.NewGroup("Changes", c.Global.ChangeFlagSet()))
	return cmd
}

// addTarget configures a target, and says whether there was one of that name.
func (c *command) addTarget(ctx context.Context, s *registry.Service, t registry.StaticTarget) error {
	old, there, err := s.StaticTarget(ctx, t.Name)
	if err != nil {
		return err
	}
	if err := s.AddStaticTarget(ctx, t); err != nil {
		return err
	}
	if unusual, _ := name.CheckName(t.Name); unusual != "" {
		c.Say("warning: %s is not a well-formed iSCSI name: %s", t.Name, unusual)
	}
	if !t.Persist {
		c.Say("%s was only checked and is not stored", t.Name)
	}
	now, _, err := s.StaticTarget(ctx, t.Name)
	if err != nil {
		return err
	}
	switch {
	case !t.Persist || !there:
		return c.Done("targets", "known-target", newJSONStatic(&now), "added static target %s", t.Name)
	case t.Flags&registry.MergeTargetInformation != 0:
		return c.Done("targets", "known-target", newJSONStatic(&now), "added to static target %s: now %s; before %s", t.Name, staticText(&now), staticText(&old))
	}
	return c.Done("targets", "known-target", newJSONStatic(&now), "replaced static target %s: now %s; before %s", t.Name, staticText(&now), staticText(&old))
}

// staticText says in words what is configured of a target.
func staticText(t *registry.StaticTarget) string {
	var parts []string
	if t.Alias != "" {
		parts = append(parts, "alias "+render.QuoteForPeople(t.Alias))
	}
	for _, a := range t.Addresses {
		parts = append(parts, render.AddressText(a))
	}
	if len(t.Addresses) == 0 {
		parts = append(parts, "no address")
	}
	if t.Flags&registry.HideStaticTarget != 0 {
		parts = append(parts, "hidden")
	}
	return strings.Join(parts, ", ")
}

// newJSONStatic shows a static target as target list would.
func newJSONStatic(t *registry.StaticTarget) *jsonitem.Target {
	return jsonitem.NewTarget(&registry.KnownTarget{
		Name: t.Name, Alias: t.Alias,
		Mechanisms: []registry.Mechanism{{Text: "Static", Static: true, Alias: t.Alias, Addresses: t.Addresses, Flags: t.Flags}},
	})
}

// targetAddresses are addresses with portal group tags.
type targetAddresses []target.Address

func (a *targetAddresses) String() string { return "" }

// Repeats reports that the flag may be given several times.
func (a *targetAddresses) Repeats() bool { return true }

func (a *targetAddresses) Type() string { return "ADDRESS" }

func (a *targetAddresses) Set(s string) error {
	where, tag, tagged := strings.Cut(s, ",")
	p, err := initiator.ParsePortal(where, pdu.DefaultPort)
	if err != nil {
		return errors.New(wording.ConfigReason(err))
	}
	t := target.Address{Host: p.Address, Port: p.Port, Group: target.NoGroup}
	if addr, err := netip.ParseAddr(p.Address); err == nil {
		t.Host = addr.String()
	}
	if tagged {
		n, err := strconv.ParseUint(tag, 10, 16)
		if err != nil {
			return errors.New("a portal group tag is a number from 0 to 65535")
		}
		t.Group = int(n)
	}
	*a = append(*a, t)
	return nil
}
