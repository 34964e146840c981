package windows

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"runtime/debug"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/go-iscsi/discovery/cmd/discover/internal/iscsicli"
	"github.com/go-iscsi/discovery/cmd/internal/app"
	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/cmd/internal/render"
	"github.com/go-iscsi/discovery/cmd/internal/terminal"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// A tool does what Windows' iscsicli does, on our registry.
type tool struct {
	*app.Command
	literals bool // secrets may stand on the command line
	run      flags.Run

	layout *iscsicli.Layout // nil: nothing was printed yet
}

// An ending is how a verb of the tool ended.
type ending struct {
	code   uint32 // of the reference API
	status int    // exit status
}

// Verb returns discover iscsicli.
func Verb(c *app.Command) *cobra.Command {
	t := &tool{Command: c, run: flags.Run{Usually: "1 for RefreshTargetPortal and ListTargets T, else 0"}}
	cmd := &cobra.Command{
		Use:               "iscsicli [FLAGS] VERB [ARGUMENT...]",
		Short:             "do what Windows' iscsicli does for discovery",
		Long:              manualText(),
		ValidArgsFunction: t.complete,
		Annotations:       map[string]string{flags.Refused: "output"},
		RunE:              func(cmd *cobra.Command, args []string) error { return t.do(cmd.Context(), args) },
	}
	cmd.SetFlagErrorFunc(iscsicliFlagError)
	secrets := flags.NewSet()
	secrets.BoolVar(&t.literals, "allow-literal-secrets", false, "accept secrets on the command line, where others can read them")
	c.AddFlags(cmd,
		flags.NewGroup("Secrets", secrets),
		flags.NewGroup("The run", t.run.FlagSet()),
		flags.NewGroup("Changes", c.Global.ChangeFlagSet()))
	return cmd
}

// iscsicliFlagError says what is wrong with a flag, and repeats nothing of it but
// the name of one that there is: an argument that begins with - may be a secret.
func iscsicliFlagError(cmd *cobra.Command, err error) error {
	const dashes = "; put arguments that start with - after --"
	var (
		missing *pflag.ValueRequiredError
		invalid *pflag.InvalidValueError
	)
	switch {
	case errors.As(err, &missing):
		return flags.Explain(cmd, err)
	case errors.As(err, &invalid):
		return exit.Usagef("--%s: %v%s", invalid.GetFlag().Name, invalid.Unwrap(), dashes)
	}
	return exit.Usagef("iscsicli: unknown flag%s; see discover help iscsicli", dashes)
}

// do runs a command line of the tool.
func (t *tool) do(ctx context.Context, args []string) error {
	if !t.ForPeople() || t.Global.Output == render.FormatISCSIADM {
		return exit.Usagef("discover iscsicli prints what Windows' tool prints: leave out -o, or use a verb such as discover portal list -o json")
	}
	if len(args) == 0 {
		return t.misunderstood(&iscsicli.UsageError{Reason: "a verb is missing"})
	}
	if asked, about := asksForHelp(args); asked {
		return t.help(about)
	}
	verb := iscsicli.Find(args[0])
	if verb == nil {
		return t.misunderstood(unknownVerb(args[0]))
	}
	request, err := verb.Parse(args[1:])
	if err != nil {
		return t.misunderstood(err)
	}
	for _, line := range verb.Unspecified(args[1:]) {
		t.Say("warning: iscsicli %s: %s", verb.Name, line)
	}
	if t.Global.DryRun {
		t.print().Line("Dry run: nothing is stored, and nothing is sent.")
	}
	t.Strict = true
	end, err := t.answer(ctx, request)
	if err != nil {
		if end, err = t.failed(err); err != nil {
			return err
		}
	}
	t.print().Line("%s", iscsicli.Status(end.code))
	if err := t.layout.Err(); err != nil {
		return err
	}
	if end.status != exit.OK {
		return exit.StatusError(end.status)
	}
	return nil
}

// failed says what a verb failed with. Only what is not of the reference API
// stays an error.
func (t *tool) failed(err error) (ending, error) {
	var (
		usage *exit.UsageError
		e     *initiator.Error
	)
	if errors.As(err, &usage) || !errors.As(err, &e) {
		return ending{}, err
	}
	unread := app.EachUnread(err)
	t.TellUnread(unread)
	if errors.Is(app.UnreadStatus(unread), exit.StatusError(exit.Partly)) {
		return ending{initiator.Code(err), exit.Partly}, nil
	}
	return ending{initiator.Code(err), exit.Failed}, nil
}

// print returns where the answer goes. Its first line is the tool's banner.
func (t *tool) print() *iscsicli.Layout {
	if t.layout == nil {
		t.layout = iscsicli.NewLayout(t.Stdout, terminal.Escape)
		t.layout.Line("discover, iSCSI discovery %s", toolVersion())
		t.layout.Line("")
	}
	return t.layout
}

// toolVersion is our version as the tool writes its own.
func toolVersion() string {
	major, minor, build := "0", "0", "0"
	if info, ok := debug.ReadBuildInfo(); ok {
		if v := regexp.MustCompile(`^v(\d+)\.(\d+)\.(\d+)`).FindStringSubmatch(info.Main.Version); v != nil {
			major, minor, build = v[1], v[2], v[3]
		}
	}
	return fmt.Sprintf("Version %s.%s Build %s", major, minor, build)
}

// answer does what is asked for. A verb that asked portals has told what they
// failed with.
func (t *tool) answer(ctx context.Context, request iscsicli.Request) (ending, error) {
	switch q := request.(type) {
	case iscsicli.AddTargetPortal:
		return t.addTargetPortal(ctx, &q)
	case iscsicli.RemoveTargetPortal:
		return t.onRegistry(ctx, app.Existing, func(s *registry.Service) error { return s.RemoveSendTargetPortal(ctx, q.Key) })
	case iscsicli.RefreshTargetPortal:
		return t.refreshTargetPortal(ctx, q.Key)
	case iscsicli.ListTargetPortals:
		return t.listTargetPortals(ctx)
	case iscsicli.ListTargets:
		return t.listTargets(ctx, q.ForceUpdate)
	case iscsicli.TargetInfo:
		return t.targetInfo(ctx, &q)
	case iscsicli.AddTarget:
		return t.addTarget(ctx, &q)
	case iscsicli.RemoveTarget:
		return t.onRegistry(ctx, app.Existing, func(s *registry.Service) error { return s.RemoveStaticTarget(ctx, q.Name) })
	case iscsicli.ListInitiators:
		return t.listInitiators(ctx)
	case iscsicli.NodeName:
		return t.nodeName(ctx, q.Name)
	case iscsicli.CHAPSecret:
		return t.chapSecret(ctx, q.Secret)
	case iscsicli.PSKey:
		return t.psKey(ctx, &q)
	case iscsicli.GetPSKey:
		return t.getPSKey(ctx, &q)
	case iscsicli.TunnelAddr:
		return t.tunnelAddr(ctx, &q)
	case iscsicli.ListiSNSServers:
		return t.listISNSServers(ctx)
	case iscsicli.AddiSNSServer:
		return t.addISNSServer(ctx, q.Server)
	case iscsicli.RemoveiSNSServer:
		return t.onRegistry(ctx, app.Existing, func(s *registry.Service) error { return s.RemoveISNSServer(ctx, q.Server) })
	case iscsicli.RefreshiSNSServer:
		return t.refreshISNSServer(ctx, q.Server)
	case iscsicli.Ping:
		return t.ping(ctx, &q)
	case iscsicli.Unavailable:
		t.Say("iscsicli %s is not supported: %s", q.Verb.Name, q.Verb.Instead)
	}
	return ending{isdsc.RequestNotSupported, exit.Failed}, nil
}

// onRegistry opens the registry for a verb that asks no portal. Its ending is success, or
// the error.
func (t *tool) onRegistry(ctx context.Context, a app.Access, use func(*registry.Service) error) (ending, error) {
	if t.run.Capture != "" || t.run.CaptureSecrets {
		return ending{}, exit.Usagef("--capture needs a verb that asks portals: this one sends nothing")
	}
	return ending{}, t.WithService(ctx, a, t.NewDiscoverer(nil), use)
}
