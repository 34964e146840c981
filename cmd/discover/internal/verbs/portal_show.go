package verbs

import (
	"context"
	"net/netip"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/go-iscsi/discovery/cmd/discover/internal/manual"
	"github.com/go-iscsi/discovery/cmd/discover/internal/verb"
	"github.com/go-iscsi/discovery/cmd/internal/app"
	"github.com/go-iscsi/discovery/cmd/internal/column"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/cmd/internal/jsonitem"
	"github.com/go-iscsi/discovery/cmd/internal/render"
	"github.com/go-iscsi/discovery/cmd/internal/terminal"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// portalShow shows all that is known of entries of the registry.
type portalShow struct {
	*command
	filter entryFilter
}

// portalShow returns the verb.
func (c *command) portalShow() *cobra.Command {
	p := &portalShow{command: c}
	cmd := &cobra.Command{
		Use:               "show [FLAGS] PORTAL...",
		Short:             "show all that is stored and known of a portal",
		Long:              manual.PortalShow,
		ValidArgsFunction: verb.CompleteFromRegistry(c.Command, verb.PortalNames),
		Args:              flags.Arguments(1, -1, "PORTAL"),
		RunE: c.Answer(func(cmd *cobra.Command, args []string) error {
			if err := c.RefuseTargetLines(cmd); err != nil {
				return err
			}
			if err := p.filter.understand(&c.Env, args); err != nil {
				return err
			}
			return c.WithService(cmd.Context(), app.ReadOnly, c.NewDiscoverer(nil), func(s *registry.Service) error {
				return p.show(cmd.Context(), s)
			})
		}),
	}
	c.AddFlags(cmd, flags.NewGroup("The entries", p.filter.key.FilterFlagSet()))
	verb.CompleteKeyFlags(c.Command, cmd)
	return cmd
}

// show shows the entries that are selected.
func (p *portalShow) show(ctx context.Context, s *registry.Service) error {
	var end endOfList
	var entries []registry.StoredPortal
	for e, err := range p.filter.entries(ctx, s) {
		if err != nil {
			end.unread = append(end.unread, err)
			continue
		}
		entries = append(entries, e)
	}
	targets, unread := targetsOf(ctx, s, entries)
	end.unread = append(end.unread, unread...)
	selector, err := s.Selector(ctx, false)
	if err != nil {
		return err
	}
	l := p.NewListing("portals", "stored-portal")
	for i := range entries {
		port := portAddress(selector, entries[i].Key())
		if p.ForPeople() {
			err = p.text(&entries[i], port, targets[i], i > 0)
		} else {
			var items []*jsonitem.Target
			for t := range targets[i] {
				items = append(items, jsonitem.NewTarget(&targets[i][t]))
			}
			err = l.Item(jsonitem.NewPortalDetail(&entries[i], port, items))
		}
		if err != nil {
			return err
		}
	}
	end.shown, end.unmet = len(entries), p.filter.unmet(ctx, s)
	return end.status(p.EndListing(l, end.all()...))
}

// targetsOf returns the known targets of each entry, each with the mechanism of the entry
// alone; and what cannot be read.
func targetsOf(ctx context.Context, s *registry.Service, entries []registry.StoredPortal) (targets [][]registry.KnownTarget, unread []error) {
	targets = make([][]registry.KnownTarget, len(entries))
	if len(entries) == 0 {
		return targets, nil
	}
	for t, err := range s.Targets(ctx, false) {
		if err != nil {
			unread = append(unread, err)
			continue
		}
		for i := range entries {
			of := onlyMechanisms(t, func(m *registry.Mechanism) bool { return !m.Static && m.Portal.Same(entries[i].Key()) })
			if len(of.Mechanisms) > 0 {
				targets[i] = append(targets[i], of)
			}
		}
	}
	return targets, unread
}

// onlyMechanisms returns a target with those mechanisms that are wanted alone.
func onlyMechanisms(t registry.KnownTarget, wanted func(*registry.Mechanism) bool) registry.KnownTarget {
	t.Mechanisms = slices.Clone(t.Mechanisms)
	t.Mechanisms = slices.DeleteFunc(t.Mechanisms, func(m registry.Mechanism) bool { return !wanted(&m) })
	return t
}

// portAddress returns the address of the initiator port of an entry; invalid: the entry has
// no port number, or no port has it.
func portAddress(selector *ports.Selector, k initiator.Key) netip.Addr {
	for _, p := range selector.Ports {
		if k.Port != ports.All && p.Number == k.Port && ports.SameInstance(p.Instance, k.Instance) {
			return p.Address
		}
	}
	return netip.Addr{}
}

// text shows an entry to people.
func (p *portalShow) text(e *registry.StoredPortal, port netip.Addr, targets []registry.KnownTarget, another bool) error {
	var b strings.Builder
	if another {
		b.WriteByte('\n')
	}
	fields := append(append(entryFields(e), field{name: "added", value: render.TimeText(e.Added)}), lastFields(&e.Last)...)
	if port.IsValid() {
		for i := range fields {
			if fields[i].name == fieldPort {
				fields[i].value += " (" + port.String() + ")"
			}
		}
	}
	width := len("FIELD")
	for _, f := range fields {
		width = max(width, len(f.name))
	}
	b.WriteString(column.Pad("FIELD", width) + "  VALUE\n")
	for _, f := range fields {
		b.WriteString(column.Pad(f.name, width) + "  ")
		if value := terminal.Visible(f.value); f.long {
			column.Write(&b, width+2, value)
		} else {
			b.WriteString(value + "\n")
		}
	}
	if _, err := p.Stdout.Write([]byte(b.String())); err != nil {
		return err
	}
	return p.textTargets(targets)
}

// textTargets shows the targets of an entry to people.
func (p *portalShow) textTargets(targets []registry.KnownTarget) error {
	l := p.NewListing("", "", "TARGET", "ADDRESS", "")
	for i := range targets {
		for _, row := range render.TargetRows(&targets[i]) {
			const name, address, note = 0, 1, 5
			if err := l.Item(nil, []string{row[name], row[address], row[note]}); err != nil {
				return err
			}
		}
	}
	return l.End()
}
