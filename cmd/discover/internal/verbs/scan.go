package verbs

import (
	"cmp"
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/go-iscsi/discovery/cmd/discover/internal/manual"
	"github.com/go-iscsi/discovery/cmd/discover/internal/verb"
	"github.com/go-iscsi/discovery/cmd/internal/app"
	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/cmd/internal/render"
	"github.com/go-iscsi/discovery/cmd/internal/stream"
	"github.com/go-iscsi/discovery/cmd/internal/sweep"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/login"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/ipsec"
)

// A scan is one-shot SendTargets: nothing is stored. The registry is read where the
// command line names an instance or a port, and then its rules for IPsec hold.
type scan struct {
	*command
	key   flags.Key
	login flags.Login
	ipsec flags.IPsec
	run   flags.Run
	addrs flags.View
	isns  scanISNS

	portals  *sweep.Portals
	asking   *sweep.Portals // each of them once
	repeats  *sweep.Repeats // nil: portals has each once
	options  login.Options
	security ipsec.Flags
	protect  initiator.IPsecOptions
	ports    *ports.Selector   // nil: routing decides
	sessions *sweep.Sessions   // nil: one session for each portal
	rules    initiator.RuleSet // nil: the registry is not read
	mayUse   bool              // something in the registry may ask for IPsec
	progress *sweep.Progress   // nil: it is not shown
	doubt    *sweep.Doubt      // nil: there is none
}

// scan returns the verb.
func (c *command) scan() *cobra.Command {
	s := &scan{command: c, run: flags.Run{Pace: flags.Pace{Blocks: true}}}
	cmd := &cobra.Command{
		Use:               "scan [FLAGS] PORTAL...",
		Short:             "ask portals for their targets, and store nothing",
		Long:              manual.Scan,
		ValidArgsFunction: verb.CompletePortals(c.Command),
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 && len(s.isns.servers) == 0 {
				return exit.Usagef("scan needs a portal: try discover scan HOST, or see discover help scan")
			}
			return nil
		},
		RunE: c.Answer(func(cmd *cobra.Command, args []string) error {
			if err := s.understand(cmd.Context(), args); err != nil {
				return err
			}
			return s.withRegistry(cmd.Context(), func() error {
				var captured initiator.Discoverer // whose Wrap is the capture's
				return c.Capture(&s.run, &captured, func() error {
					if err := s.askISNS(cmd.Context(), captured.Wrap); err != nil {
						return err
					}
					d := s.discoverer()
					d.Wrap = captured.Wrap
					c.Secure(d, &s.ipsec, s.mayUse || s.options.Flags&login.RequireIPsec != 0)
					return s.discover(cmd.Context(), d)
				})
			})
		}),
	}
	c.AddFlags(cmd,
		flags.NewGroup("How to reach a portal", s.key.FlagSet(true)),
		flags.NewGroup("iSNS servers", s.isns.flagSet()),
		flags.NewGroup("Login", s.login.FlagSet()),
		flags.NewGroup("The run", s.run.FlagSet()),
		flags.NewGroup("The addresses of targets", s.addrs.FlagSet()),
		flags.NewGroup("IPsec", s.ipsec.FlagSet()))
	verb.CompleteKeyFlags(c.Command, cmd)
	return cmd
}

// understand takes the command line in. What is wrong with it is an *exit.UsageError,
// and nothing was sent.
func (s *scan) understand(ctx context.Context, args []string) (err error) {
	if err := s.key.Check(); err != nil {
		return err
	}
	if err := s.login.Check(false); err != nil {
		return err
	}
	if err := s.run.Check(); err != nil {
		return err
	}
	if err := s.addrs.Check(); err != nil {
		return err
	}
	if err := s.isns.check(); err != nil {
		return err
	}
	if err := s.ipsec.Check(); err != nil {
		return err
	}
	if err := flags.CheckRefs(&s.login.CHAPSecret, &s.login.TargetSecret, &s.ipsec.PSK); err != nil {
		return err
	}
	if s.security, err = s.ipsec.SecurityFlags(); err != nil {
		return err
	}
	if s.login.CHAPSecret.ReadsStdin() || s.login.TargetSecret.ReadsStdin() || s.ipsec.PSK.ReadsStdin() {
		for _, arg := range args {
			if arg == "-" {
				return exit.Usagef("standard input cannot provide both portals (-) and a secret (fd:0)")
			}
		}
	}
	if s.portals, err = sweep.ParsePortals(args, uint16(s.key.TCPPort), &s.Env); err != nil {
		return err
	}
	s.takeOnce()
	for _, b := range s.portals.Blocks() {
		if s.key.Source.IsValid() && b.First.Is4() != s.key.Source.Is4() {
			return exit.Usagef("--source %s cannot ask %s: one is IPv4 and the other IPv6", s.key.Source, b.Text)
		}
	}
	if len(s.portals.Blocks()) > 0 {
		s.run.Pace.UseBlockDefaults()
	}
	if s.options, err = s.login.Options(ctx, &s.Env); err != nil {
		return err
	}
	if err := s.run.CheckName(s.options.InitiatorName); err != nil {
		return err
	}
	s.options.BindDevice = s.ipsec.BindDevice
	s.protect, err = s.ipsec.Options(ctx, &s.Env)
	return err
}

// withRegistry runs a scan. Where the command line names an instance or a port the
// registry is read: what it says of these, of our name, and of IPsec. It stays open,
// since preshared keys are opened when they are needed.
func (s *scan) withRegistry(ctx context.Context, run func() error) error {
	if s.key.Instance == "" && !s.key.Port.Given {
		return run()
	}
	return s.WithService(ctx, app.ReadOnly, s.command.NewDiscoverer(nil), func(service *registry.Service) (err error) {
		if s.ports, err = service.Selector(ctx, false); err != nil {
			return err
		}
		if s.Initiator.Name, err = service.InitiatorNodeName(ctx); err != nil {
			return err
		}
		s.Initiator.Origin = "initiator set-name"
		if s.key.Port.Each {
			s.sessions = sweep.NewSessions(s.key.Instance, s.ports, &s.Env, s.run.Limit)
			s.sessions.Repeats = s.repeats
		}
		if s.rules, err = service.Rules(ctx); err != nil {
			return err
		}
		if s.mayUse, err = service.MayUseIPsec(ctx); err != nil {
			return err
		}
		return run()
	})
}

// ourName returns our name.
func (s *scan) ourName() app.NodeName {
	switch {
	case s.options.InitiatorName != "":
		return app.NodeName{Name: s.options.InitiatorName, Origin: s.login.InitiatorName.Origin()}
	case s.Initiator.Name == "":
		return s.DefaultName(s.run.Strict)
	}
	return s.Initiator
}

// discoverer returns the Discoverer of the scan.
func (s *scan) discoverer() *initiator.Discoverer {
	s.Initiator = s.ourName()
	d := &initiator.Discoverer{
		InitiatorName: s.Initiator.Name,
		Selector:      s.ports,
		Rules:         s.rules,
		Dial:          s.Dial,
		Lookup:        s.Lookup,
		Stages:        new(initiator.Stages),
	}
	if s.sessions != nil {
		d.Lookup, d.Selector = s.sessions.Lookup, s.sessions.Ports()
	}
	s.run.Apply(d)
	if d.MaxText == 0 && (s.sessions != nil || s.Global.Output == render.FormatJSON || s.Global.Output == render.FormatTable) && s.Global.Output != render.FormatJSONL {
		d.MaxText = s.Room.Text
	}
	if s.asking.Count == 1 && s.sessions == nil {
		d.Parallel = 1 // which asks in this goroutine, and is quicker
	}
	s.LogConnecting(d)
	s.Log().Info("pace", "timeout", cmp.Or(d.Timeout, initiator.DefaultTimeout), "connect_timeout", d.ConnectTimeout, "login_timeout", d.LoginTimeout, "response_timeout", d.ResponseTimeout, "rate", d.Rate)
	if s.run.Trace {
		d.Trace = app.Tracer(s.Stderr)
	}
	s.Log().Info("scan", "initiator_name", s.Initiator.Name, "from", s.Initiator.Origin, "portals", s.portals.Count)
	return d
}

// discover asks, and shows what comes. Its error is an exit.StatusError, or one of
// writing.
func (s *scan) discover(ctx context.Context, d *initiator.Discoverer) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	s.progress = s.NewProgress(d, s.asking.Count, s.sessions)
	if s.addrs.Probes() {
		s.progress.Then(app.Probing)
	}
	s.progress.Show(ctx)
	doubted := s.asking // by the indexes of its results
	if s.sessions != nil {
		doubted = s.portals
	}
	s.doubt = sweep.NewDoubt(doubted, s.sessions, d.Stages, s.Say)
	w := stream.New(s.progress.Beside(s.Stdout), cancel) // where the reader of the pipe has closed it, the scan ends
	out := s.scanOutput(w)
	t := &sweep.Tally{Portals: s.portals, All: s.run.All, Open: s.run.Open, Sessions: s.sessions, Repeats: s.repeats, AtOnce: s.Global.Output == render.FormatJSONL}
	err := s.show(ctx, cancel, d, out, t)
	s.progress.Stop()
	if err == nil {
		err = s.showRest(ctx, d, out, t)
	}
	if err == nil {
		s.isns.close(out)
		err = out.End(t.Blocks())
	}
	if err == nil {
		err = s.isns.show(s.command, w)
	}
	if closed := w.Close(); err == nil {
		err = closed
	}
	if err == nil && ctx.Err() == nil {
		s.doubt.End()
	}
	if err != nil {
		return fmt.Errorf("write the results: %w", err)
	}
	return s.isns.status(s.portals.Count, t.Status())
}

// show hands what comes to the output.
func (s *scan) show(ctx context.Context, cancel context.CancelCauseFunc, d *initiator.Discoverer, out render.Output, t *sweep.Tally) error {
	for b := range s.batches(ctx, d) {
		begun := b.Result == nil || !sweep.NotBegun(b.Result)
		if begun {
			s.noteNameOf(b)
		}
		err := out.Targets(b)
		if err == nil && b.Result != nil {
			if begun {
				s.LogResult(b.Result)
			}
			err = s.showResult(b.Index, b.Result, out, t)
		}
		if err == nil {
			err = out.HandOn()
		}
		if err != nil {
			cancel(err)
			return err
		}
	}
	return nil
}

// showResult hands a result to the output, if it is listed.
func (s *scan) showResult(index int, r *initiator.Result, out render.Output, t *sweep.Tally) (err error) {
	s.sessions.Restore(r)
	defer s.sessions.Drop(index)
	if t.Count(index, r) {
		err = out.Portal(r)
	} else {
		out.Silent(r)
	}
	if matrix, ok := out.(*render.MatrixOutput); ok && err == nil && s.sessions.IsLast(index) {
		err = matrix.Flush()
	}
	return err
}
