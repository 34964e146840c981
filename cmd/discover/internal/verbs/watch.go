package verbs

import (
	"context"
	"iter"
	"net/netip"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/go-iscsi/discovery/cmd/discover/internal/manual"
	"github.com/go-iscsi/discovery/cmd/discover/internal/verb"
	"github.com/go-iscsi/discovery/cmd/discover/internal/watching"
	"github.com/go-iscsi/discovery/cmd/internal/app"
	"github.com/go-iscsi/discovery/cmd/internal/events"
	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/cmd/internal/machine"
	"github.com/go-iscsi/discovery/cmd/internal/render"
	"github.com/go-iscsi/discovery/cmd/internal/wording"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/login"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/watch"
)

// A watchVerb asks portals again and again, and reports what changes: those of the registry,
// or those of the command line as scan would ask them, of which nothing is stored.
type watchVerb struct {
	*scan
	flags       flags.Watch
	only        []string // types of events; nil: all
	onceChanged bool
	ofPortals   []flags.Group // that say nothing about the registry
}

// watch returns the verb.
func (c *command) watch() *cobra.Command {
	w := &watchVerb{scan: &scan{command: c, run: flags.Run{Retries: flags.RefreshRetries}}}
	cmd := &cobra.Command{
		Use:               "watch [FLAGS] [PORTAL...]",
		Short:             "ask portals again and again, report what changes",
		Long:              manual.Watch,
		ValidArgsFunction: verb.CompletePortals(c.Command),
		Annotations:       map[string]string{flags.Refused: "all"},
		RunE: c.Answer(func(cmd *cobra.Command, args []string) error {
			if err := w.check(args); err != nil {
				return err
			}
			begin := w.watchPortals
			if len(args) == 0 {
				begin = w.watchRegistry
			}
			err := begin(cmd.Context(), args)
			if w.Global.DryRun { // which is to say something
				return err
			}
			return exit.WatchError(cmd.Context(), err)
		}),
	}
	which := w.flags.FlagSet()
	which.Var(flags.NewWords(&w.only, events.Words()), "for", "print only events of these types; default: all")
	which.BoolVar(&w.onceChanged, "once-changed", false, "end after the first event that is printed and is no snapshot")
	reach, login, ipsec := flags.NewGroup("How to reach a PORTAL", w.key.FlagSet(true)), flags.NewGroup("Login to a PORTAL", w.login.FlagSet()), flags.NewGroup("IPsec to a PORTAL", w.ipsec.FlagSet())
	w.ofPortals = []flags.Group{reach, login, ipsec}
	c.AddFlags(cmd,
		flags.NewGroup("The watch", which), reach, login,
		flags.NewGroup("Each round", w.run.FlagSet()), ipsec,
		flags.NewGroup("Changes", c.Global.ChangeFlagSet()))
	verb.CompleteKeyFlags(c.Command, cmd)
	return cmd
}

// check refuses what a watch cannot do.
func (w *watchVerb) check(args []string) error {
	switch {
	case w.Global.Output == render.FormatISCSIADM:
		return exit.Usagef("-o iscsiadm prints only targets, but watch prints what changes: use table or jsonl")
	case w.run.All:
		return exit.Usagef("--all applies to blocks and ranges, which watch does not take")
	case w.Global.Output == render.FormatJSON && !w.Global.DryRun:
		return exit.Usagef("-o json prints one document, but a watch has no end: use jsonl, of which each line is a document")
	}
	if err := flags.NotEmpty("watch", "PORTAL", args); err != nil {
		return err
	}
	return w.flags.Check()
}

// watchRegistry watches the portals of the registry.
func (w *watchVerb) watchRegistry(ctx context.Context, _ []string) error {
	if name := w.givenOfPortals(); name != "" {
		return exit.Usagef("%s applies to a PORTAL of the command line: entries of the registry are asked as they were added", name)
	}
	// An entry that asks for IPsec may be added any time later.
	secured := &flags.IPsec{Enforcer: machine.EnforcerAuto}
	w.Draws = true
	return w.WithAsking(ctx, app.CreateIfMissing, &w.run, secured, func(s *registry.Service) error {
		if w.Global.DryRun {
			f := &portalRefresh{command: w.command}
			return f.wouldAsk(ctx, s, nil, "would have watched these")
		}
		if err := w.noteEmpty(ctx, s); err != nil {
			return err
		}
		cfg := w.flags.Config()
		if w.Hangups != nil {
			heard, stop := w.Hangups()
			defer stop()
			cfg.Reload = heard
		}
		return w.show(ctx, &cfg, func() iter.Seq[watch.Event] { return s.Watch(ctx, cfg) })
	})
}

// noteEmpty says that there is nothing to watch yet. Where the registry cannot be read the
// watch does not begin.
func (w *watchVerb) noteEmpty(ctx context.Context, s *registry.Service) error {
	for p, err := range s.SendTargetPortals(ctx) {
		if err != nil && p.Portal.Address == "" {
			return err
		}
		return nil
	}
	for range s.ISNSServers(ctx) {
		return nil
	}
	if w.ForPeople() {
		w.Say("no portals in the registry %s yet; add one with discover portal add PORTAL", w.RegistryName())
	}
	return nil
}

// givenOfPortals returns a flag that was given and says nothing about the registry; empty:
// none was.
func (w *watchVerb) givenOfPortals() (name string) {
	for _, g := range w.ofPortals {
		g.Set.VisitAll(func(f *pflag.Flag) {
			if f.Changed && name == "" {
				name = "--" + f.Name
			}
		})
	}
	return name
}

// watchPortals watches portals of the command line. Nothing is stored.
func (w *watchVerb) watchPortals(ctx context.Context, args []string) error {
	if err := w.understand(ctx, args); err != nil {
		return err
	}
	for _, b := range w.portals.Blocks() {
		return exit.Usagef("watch takes single portals, but %s is a block or range: find its portals with discover scan --open %s", wording.Quoted(b.Text), b.Text)
	}
	if w.Global.DryRun {
		return w.wouldWatch()
	}
	return w.withRegistry(ctx, func() error {
		d := w.discoverer()
		d.Parallel = int(w.run.Parallel)
		if w.sessions != nil {
			d.Lookup, d.Selector = w.Lookup, w.ports
		}
		w.Secure(d, &w.ipsec, w.mayUse || w.options.Flags&login.RequireIPsec != 0)
		return w.Capture(&w.run, d, func() error {
			cfg := w.flags.Config()
			source := watch.Portals(d, w.entries(ctx))
			return w.show(ctx, &cfg, func() iter.Seq[watch.Event] { return watch.Run(ctx, source, cfg) })
		})
	})
}

// wouldWatch lists the portals of a dry run.
func (w *watchVerb) wouldWatch() error {
	l := w.portalListing()
	l.Would = "would have watched these"
	for p := range w.asking.All() {
		if err := listPortal(l, &registry.StoredPortal{SendTargetPortal: w.asked(p)}); err != nil {
			return err
		}
	}
	return w.EndListing(l)
}

// entries returns the portals as they are asked: with --initiator-port each, once from
// every port that reaches them.
func (w *watchVerb) entries(ctx context.Context) (all []initiator.SendTargetPortal) {
	for p := range w.asking.All() {
		asked := w.asked(p)
		if w.sessions == nil {
			all = append(all, asked)
			continue
		}
		found := w.reaching(ctx, p)
		for _, port := range found {
			asked.Instance, asked.Port = port.Instance, port.Number
			all = append(all, asked)
		}
		if len(found) == 0 {
			all = append(all, asked) // asking says why it cannot be asked
		}
	}
	return all
}

// reaching returns the ports that reach a portal.
func (w *watchVerb) reaching(ctx context.Context, p initiator.Portal) (all []ports.Port) {
	ctx, cancel := w.run.Limit(ctx)
	defer cancel()
	addrs, _ := w.Resolve(ctx, p) // asking finds out the same
	seen := make(map[netip.Addr]bool)
	for _, addr := range addrs {
		found, err := w.scan.ports.Each(ctx, w.key.Instance, addr)
		if err != nil {
			continue
		}
		for _, port := range found {
			if !seen[port.Address] {
				seen[port.Address] = true
				all = append(all, port)
			}
		}
	}
	return all
}

// show shows a watch until it ends. What is begun when the context has ended ends with it,
// which is no failure.
func (w *watchVerb) show(ctx context.Context, cfg *watch.Config, run func() iter.Seq[watch.Event]) error {
	stdout := &watching.Patient{W: w.Stdout, Done: ctx.Done()}
	out := &watching.Output{W: stdout, JSON: w.Global.Output == render.FormatJSONL, For: w.only, OnceChanged: w.onceChanged}
	if restore, ok := w.Screen(w.Stdout); ok && !out.JSON {
		defer restore()
		screen := &watching.Screen{W: stdout, Size: func() (int, int) { return w.Terminal(w.Stdout), w.Rows(w.Stdout) }}
		out.View = &watching.View{Screen: screen, ASCII: !w.IsUTF8()}
		if w.Line.Columns() > 0 { // the same terminal: what is said stands above the view
			stderr := w.Line.W
			w.Line.W = screen
			defer func() { w.Line.W = stderr }()
		}
	}
	cfg.Report = func(s *watch.State) {
		if s.Last != nil {
			w.LogResult(s.Last)
			w.NoteName(s.Last)
		}
		if out.View != nil {
			out.View.Report(s)
		}
	}
	return out.Show(run())
}
