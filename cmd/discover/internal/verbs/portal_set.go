package verbs

import (
	"context"
	"iter"

	"github.com/spf13/cobra"

	"github.com/go-iscsi/discovery/cmd/discover/internal/manual"
	"github.com/go-iscsi/discovery/cmd/discover/internal/verb"
	"github.com/go-iscsi/discovery/cmd/internal/app"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/cmd/internal/jsonitem"
	"github.com/go-iscsi/discovery/cmd/internal/render"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// portalSet changes single options of an entry, and asks its portal.
type portalSet struct {
	*command
	key     flags.Key
	options flags.Options
	unset   []string
	run     flags.Run
	addrs   flags.View
}

// portalSet returns the verb.
func (c *command) portalSet() *cobra.Command {
	p := &portalSet{command: c}
	cmd := &cobra.Command{
		Use:               "set [FLAGS] PORTAL",
		Short:             "change single options of a portal, and ask it again",
		Long:              manual.PortalSet,
		ValidArgsFunction: verb.CompleteFromRegistry(c.Command, verb.PortalNames),
		Args:              flags.Arguments(1, 1, "PORTAL"),
		RunE: c.Answer(func(cmd *cobra.Command, args []string) error {
			portal, change, err := p.understand(cmd, args)
			if err != nil {
				return err
			}
			return c.WithAsking(cmd.Context(), app.Existing, &p.run, &p.options.IPsec, func(s *registry.Service) error {
				key, err := p.key.EntryKey(cmd.Context(), s, portal)
				if err != nil {
					return err
				}
				if c.Global.DryRun {
					return p.check(cmd.Context(), s, key, change)
				}
				return p.set(cmd.Context(), s, key, change)
			})
		}),
	}
	options := p.options.LabelFlagSet()
	options.Var(flags.NewWords(&p.unset, flags.OptionWords()), "unset", "options that get their defaults again, by their flags without --, such as chap-secret,chap-user")
	c.AddFlags(cmd, append([]flags.Group{
		flags.NewGroup("The entry", p.key.FlagSet(false)),
		flags.NewGroup("The options", options),
	}, optionGroups(c, &p.options, &p.run, &p.addrs)...)...)
	verb.CompleteKeyFlags(c.Command, cmd)
	return cmd
}

// understand takes the command line in.
func (p *portalSet) understand(cmd *cobra.Command, args []string) (portal initiator.Portal, change *flags.Change, err error) {
	if portal, err = p.key.Entry(args[0]); err != nil {
		return portal, nil, err
	}
	if err := p.addrs.Check(); err != nil {
		return portal, nil, err
	}
	if err := p.options.CheckRefs(&p.Global.Key, nil); err != nil {
		return portal, nil, err
	}
	if change, err = p.options.Change(cmd.Context(), &p.Env, cmd.Flags(), p.unset); err != nil {
		return portal, nil, err
	}
	return portal, change, p.run.CheckName(change.InitiatorName())
}

// set changes the entry, and shows what came of asking its portal.
func (p *portalSet) set(ctx context.Context, s *registry.Service, key initiator.Key, change *flags.Change) error {
	var results iter.Seq[initiator.Result] = func(yield func(initiator.Result) bool) {
		r, _ := s.ChangeSendTargetPortal(ctx, key, change.Apply)
		yield(r)
	}
	failed, kept, err := p.showStored(ctx, s, &p.addrs, &p.run, results)
	if err != nil {
		return err
	}
	if len(kept) > 0 && p.ForPeople() {
		p.Say("%s is changed in the registry nevertheless; see discover portal show", kept[0])
	}
	return verb.Partly(1, failed)
}

// check shows the options as they are and as they would be.
func (p *portalSet) check(ctx context.Context, s *registry.Service, key initiator.Key, change *flags.Change) error {
	before, after, err := s.CheckChange(ctx, key, change.Apply)
	switch {
	case err != nil:
		return err
	case p.Global.Output == render.FormatISCSIADM:
		return errNoLines
	}
	l := p.NewListing("portals", "stored-portal", "OPTION", "BEFORE", "AFTER")
	l.Would = "would have changed " + after.Key().String() + ", and asked the portal"
	if err := l.Item(jsonitem.NewPortalChange(&before, &after), changedRows(&before, &after, change)...); err != nil {
		return err
	}
	return l.End()
}

// changedRows has a row for each option that a change sets or that becomes another by it.
func changedRows(before, after *registry.StoredPortal, change *flags.Change) (rows [][]string) {
	was, is := entryFields(before), entryFields(after)
	value := func(of []field, name string) string {
		for _, f := range of {
			if f.name == name {
				return f.value
			}
		}
		return "default"
	}
	seen := make(map[string]bool)
	for _, f := range append(was, is...) {
		old, now := value(was, f.name), value(is, f.name)
		if !seen[f.name] && (old != now || change.Has(f.name)) {
			rows = append(rows, []string{f.name, old, now})
		}
		seen[f.name] = true
	}
	return rows
}
