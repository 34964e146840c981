package hostverbs

import (
	"context"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/go-iscsi/discovery/cmd/discover/internal/manual"
	"github.com/go-iscsi/discovery/cmd/discover/internal/verb"
	"github.com/go-iscsi/discovery/cmd/internal/app"
	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/cmd/internal/jsonitem"
	"github.com/go-iscsi/discovery/cmd/internal/render"
	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// Initiator returns the verbs about our iSCSI name and the secret of targets.
func Initiator(of *app.Command) *cobra.Command {
	c := &command{of}
	return verb.Noun("initiator", "our iSCSI name, and the secret of targets", manual.Initiator,
		c.initiatorShow(), c.initiatorSetName(), c.initiatorSetCHAPSecret())
}

// jsonInitiator is our iSCSI name, and whether targets have a secret.
type jsonInitiator struct {
	Name       jsonitem.Text `json:"name"`
	Origin     jsonitem.Text `json:"origin"`
	CHAPSecret string        `json:"chap_secret"` // "set", or empty

	Warnings []jsonitem.Warning `json:"warnings"`
}

// initiatorShow returns the verb.
func (c *command) initiatorShow() *cobra.Command {
	return &cobra.Command{
		Use:               "show [FLAGS]",
		Short:             "show our iSCSI name, and whether a secret of targets is stored",
		Long:              manual.InitiatorShow,
		ValidArgsFunction: cobra.NoFileCompletions,
		Args:              flags.Arguments(0, 0, ""),
		RunE: c.Answer(func(cmd *cobra.Command, _ []string) error {
			if err := c.RefuseTargetLines(cmd); err != nil {
				return err
			}
			return c.WithService(cmd.Context(), app.ReadOnly, c.NewDiscoverer(nil), func(s *registry.Service) error {
				return c.showInitiator(cmd.Context(), s)
			})
		}),
	}
}

// showInitiator shows what holds.
func (c *command) showInitiator(ctx context.Context, s *registry.Service, warnings ...jsonitem.Warning) error {
	us := app.NodeName{Origin: "initiator set-name"}
	var err error
	if us.Name, err = s.InitiatorNodeName(ctx); err != nil {
		return err
	}
	if us.Name == "" {
		if us = c.DefaultName(false); us.Because != "" {
			warnings = append(warnings, jsonitem.Warning{Code: "initiator-name-file", Message: jsonitem.Text(us.Complaint())})
		}
	}
	set, err := s.InitiatorCHAPSecretSet(ctx)
	if err != nil {
		return err
	}
	j := jsonInitiator{Name: jsonitem.Text(us.Name), Origin: jsonitem.Text(us.Origin), Warnings: append([]jsonitem.Warning{}, warnings...)}
	secret := "none"
	if set {
		j.CHAPSecret, secret = "set", "set"
	}
	for _, w := range warnings {
		if c.ForPeople() {
			c.Say("warning: %s", w.Message)
		}
	}
	l := c.NewListing("", "initiator", "NAME", "FROM", "SECRET OF TARGETS")
	l.Would = "nothing is stored; this is what would apply"
	if c.Global.Output != render.FormatJSON {
		if err := l.Item(j, []string{us.Name, us.Origin, secret}); err != nil {
			return err
		}
		return l.End()
	}
	b, err := jsonitem.Marshal(struct {
		Version   int           `json:"version"`
		DryRun    bool          `json:"dry_run,omitempty"`
		Initiator jsonInitiator `json:"initiator"`
	}{1, c.Global.DryRun, j})
	if err != nil {
		return err
	}
	_, err = c.Stdout.Write(b)
	return err
}

// initiatorSetName returns the verb.
func (c *command) initiatorSetName() *cobra.Command {
	strict := false
	cmd := &cobra.Command{
		Use:               "set-name [FLAGS] [IQN]",
		Short:             "store our iSCSI name; without IQN, return to the default",
		Long:              manual.InitiatorSetName,
		ValidArgsFunction: cobra.NoFileCompletions,
		Args:              flags.Arguments(0, 1, "IQN"),
		RunE: c.Answer(func(cmd *cobra.Command, args []string) error {
			if err := c.RefuseTargetLines(cmd); err != nil {
				return err
			}
			name, a := "", app.Existing
			if len(args) > 0 {
				name, a = args[0], app.CreateIfMissing
			}
			d := c.NewDiscoverer(nil)
			d.StrictNames = strict
			return c.WithService(cmd.Context(), a, d, func(s *registry.Service) error {
				if err := s.SetInitiatorNodeName(cmd.Context(), name); err != nil {
					return err
				}
				return c.showInitiator(cmd.Context(), s, app.UnusualName(name)...)
			})
		}),
	}
	c.AddFlags(cmd, flags.NewGroup("The name", strictNameFlag(&strict)), flags.NewGroup("Changes", c.Global.ChangeFlagSet()))
	return cmd
}

// strictNameFlag returns the flag of verbs that take a name of ours and ask no portal.
func strictNameFlag(strict *bool) *pflag.FlagSet {
	fs := flags.NewSet()
	fs.BoolVar(strict, "strict-names", false, "refuse a name that is not a well-formed iSCSI name")
	return fs
}

// initiatorSetCHAPSecret returns the verb.
func (c *command) initiatorSetCHAPSecret() *cobra.Command {
	cmd := &cobra.Command{
		Use:               "set-chap-secret [FLAGS] [REF]",
		Short:             "store the secret of targets; without REF, remove it",
		Long:              manual.InitiatorSetSecret,
		ValidArgsFunction: verb.CompleteSecret(c.Command),
		Args:              flags.Arguments(0, 1, "REF"),
		RunE: c.Answer(func(cmd *cobra.Command, args []string) error {
			if err := c.RefuseTargetLines(cmd); err != nil {
				return err
			}
			secret, ref, err := c.givenSecret(cmd.Context(), args)
			if err != nil {
				return err
			}
			a := app.CreateIfMissing
			if len(args) == 0 {
				a = app.Existing
			}
			return c.WithService(cmd.Context(), a, c.NewDiscoverer(nil), func(s *registry.Service) error {
				short, err := s.SetInitiatorCHAPSecret(cmd.Context(), secret, ref)
				if err != nil {
					return err
				}
				var warnings []jsonitem.Warning
				if short {
					warnings = append(warnings, shortSecret)
				}
				return c.showInitiator(cmd.Context(), s, warnings...)
			})
		}),
	}
	c.AddFlags(cmd, flags.NewGroup("Changes", c.Global.ChangeFlagSet()))
	return cmd
}

// shortSecret is the warning that the reference API has for it.
var shortSecret = jsonitem.Warning{
	Code:    "short-chap-secret",
	Message: "the secret is shorter than 12 bytes: it is used only under IPsec, or for portals with --short-secrets (AFFF0048, " + jsonitem.Text(isdsc.Name(isdsc.ShortCHAPSecret)) + ")",
}

// givenSecret reads the secret that an argument refers to; none: there is no
// argument. ref is the reference where that is to be stored.
func (c *command) givenSecret(ctx context.Context, args []string) (secret auth.Secret, ref string, err error) {
	if len(args) == 0 {
		return secret, "", nil
	}
	var r flags.SecretRef
	if err := r.Set(args[0]); err != nil {
		return secret, "", exit.Usagef("REF: %v", err)
	}
	if err := flags.CheckRefs(&c.Global.Key, &r); err != nil {
		return secret, "", err
	}
	if secret, err = r.Resolve(ctx, &c.Env, "REF", "secret of targets"); err != nil {
		return secret, "", err
	}
	if r.Lasts() {
		ref, err = r.Stored()
	}
	return secret, ref, err
}
