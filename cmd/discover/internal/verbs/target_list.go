package verbs

import (
	"context"
	"net/netip"
	"slices"

	"github.com/spf13/cobra"

	"github.com/go-iscsi/discovery/cmd/discover/internal/manual"
	"github.com/go-iscsi/discovery/cmd/discover/internal/verb"
	"github.com/go-iscsi/discovery/cmd/internal/app"
	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/cmd/internal/jsonitem"
	"github.com/go-iscsi/discovery/cmd/internal/render"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

// target returns the verbs about the targets that are known.
func (c *command) target() *cobra.Command {
	return verb.Noun("target", "the known targets, and how they were found", manual.Target,
		c.targetList(), c.targetAdd(), c.targetRemove(), c.targetPrune())
}

// targetList shows the targets that are known.
type targetList struct {
	*refreshing
	filter  targetFilter
	leftOut int // addresses that cannot be used from here, of -o iscsiadm
}

// targetList returns the verb.
func (c *command) targetList() *cobra.Command {
	t := &targetList{refreshing: c.newRefreshing()}
	cmd := &cobra.Command{
		Use:               "list [FLAGS] [NAME|PATTERN...]",
		Short:             "list the known targets, and how they were found",
		Long:              manual.TargetList,
		ValidArgsFunction: verb.CompleteFromRegistry(c.Command, verb.TargetNames),
		Args:              verb.TargetArguments(0, -1, "NAME"),
		RunE: c.Answer(func(cmd *cobra.Command, args []string) error {
			if t.filter.missing && c.Global.Output == render.FormatISCSIADM {
				return exit.Usagef("-o iscsiadm prints no missing targets: leave out --missing, or use table, json or jsonl")
			}
			if err := t.filter.understand(&c.Env, args); err != nil {
				return err
			}
			if t.filter.by != nil {
				t.only = t.filter.by.Has
			}
			return t.with(cmd.Context(), t.list)
		}),
	}
	c.AddFlags(cmd,
		flags.NewGroup("The list", t.filter.flagSet(t.flagSet())),
		flags.NewGroup("The run of --refresh", t.run.FlagSet()))
	_ = cmd.RegisterFlagCompletionFunc("portal", verb.CompleteFromRegistry(c.Command, verb.PortalNames))
	return cmd
}

// list shows what is known. What could not be asked decides the exit status.
func (t *targetList) list(ctx context.Context, s *registry.Service) error {
	l := t.NewListing("targets", "known-target", "TARGET", "ADDRESS", "FOUND BY", "FIRST SEEN", "LAST SEEN", "")
	known := 0
	var end endOfList
	for target, err := range s.Targets(ctx, false) {
		known++
		if err != nil {
			end.unread = append(end.unread, err)
			continue
		}
		target, ok := t.filter.selects(target)
		if !ok {
			continue
		}
		end.shown++
		if err = t.show(l, &target); err != nil {
			return err
		}
	}
	end.unmet = t.filter.unmet(ctx, s)
	if t.ForPeople() && end.shown+len(end.all()) == 0 {
		t.sayEmpty(known)
	}
	if t.leftOut > 0 {
		t.Say("%s", render.AddressesLeftOut(t.leftOut))
	}
	refused := verb.Partly(t.asked, len(t.failed.All))
	return app.Worse(end.status(t.EndListingWith(l, &t.failed, end.all())), refused)
}

// sayEmpty says why nothing is listed.
func (t *targetList) sayEmpty(known int) {
	switch {
	case known == 0 && t.filter.by == nil:
		t.Say("no targets are known; add a portal with discover portal add PORTAL, or an iSNS server with discover isns add SERVER")
	case known > 0 && t.filter.missing:
		t.Say("none of these targets is missing")
	default:
		t.Say("no targets are known through this portal")
	}
}

func (t *targetList) show(l *render.Listing, target *registry.KnownTarget) error {
	if t.Global.Output == render.FormatISCSIADM {
		return t.lines(target)
	}
	return l.Item(jsonitem.NewTarget(target), render.TargetRows(target)...)
}

// lines prints the lines of -o iscsiadm: each address once, without those of
// mechanisms by which the target is missing.
func (t *targetList) lines(found *registry.KnownTarget) error {
	var all []target.Address
	for _, m := range found.Mechanisms {
		if !m.MissingSince.IsZero() {
			continue
		}
		for _, a := range m.Addresses {
			if !slices.Contains(all, a) {
				all = append(all, a)
			}
		}
	}
	out := render.NewISCSIADMOutput(t.Stdout, nil)
	b := initiator.Batch{Address: addressOf(found)}
	b.Add(&target.Target{Name: found.Name, Addresses: all})
	if err := out.Targets(&b); err != nil {
		return err
	}
	if t.leftOut += out.LeftOut; len(all) > 0 && out.LeftOut == len(all) && !b.Address.IsValid() {
		t.Say("%s: none of its addresses can be used from here", found.Name)
	}
	return out.HandOn()
}

// addressOf returns an address at which a target was listed; invalid: its portals
// are known by name alone.
func addressOf(t *registry.KnownTarget) netip.AddrPort {
	for _, m := range t.Mechanisms {
		if m.At.IsValid() && m.MissingSince.IsZero() {
			return m.At
		}
	}
	for _, m := range t.Mechanisms {
		if addr, err := netip.ParseAddr(m.Portal.Portal.Address); err == nil && !m.Static && m.MissingSince.IsZero() {
			return netip.AddrPortFrom(addr, m.Portal.Portal.Port)
		}
	}
	return netip.AddrPort{}
}
