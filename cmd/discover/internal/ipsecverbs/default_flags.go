package ipsecverbs

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/go-iscsi/discovery/cmd/discover/internal/manual"
	"github.com/go-iscsi/discovery/cmd/discover/internal/verb"
	"github.com/go-iscsi/discovery/cmd/internal/app"
	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/cmd/internal/jsonitem"
	"github.com/go-iscsi/discovery/cmd/internal/wording"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/ipsec"
)

// Verb returns the verbs about IPsec.
func Verb(of *app.Command) *cobra.Command {
	c := &command{of}
	return verb.Noun("ipsec", "IPsec settings of portals, and which of them apply", manual.IPsec,
		c.ipsecExplain(), c.ipsecDefault(), c.ipsecCleanup(),
		verb.Noun("policy", "the administrator's rules, which override flags", manual.IPsecPolicy,
			c.ipsecPolicyAdd(), c.ipsecPolicyList(), c.ipsecPolicyRemove()),
		verb.Noun("psk", "the preshared keys of peers", manual.IPsecPSK,
			c.ipsecPSKSet(), c.ipsecPSKList(), c.ipsecPSKRemove()),
		verb.Noun("tunnel", "the gateways for tunnel mode", manual.IPsecTunnel,
			c.ipsecTunnelSet(), c.ipsecTunnelList(), c.ipsecTunnelRemove()))
}

// ipsecDefault returns the verb.
func (c *command) ipsecDefault() *cobra.Command {
	cmd := &cobra.Command{
		Use:               "default [FLAGS] [LIST|0xNN]",
		Short:             "show or set the IPsec flags of portals that have none",
		Long:              manual.IPsecDefault,
		ValidArgsFunction: verb.CompleteIPsec(),
		Args:              flags.Arguments(0, 1, "LIST"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return c.RegistryVerb(app.ReadOnly, c.showDefault)(cmd, args)
			}
			f, err := parseFlags(args[0])
			if err != nil {
				return err
			}
			a := app.CreateIfMissing
			if f == 0 {
				a = app.Existing
			}
			return c.RegistryVerb(a, func(ctx context.Context, s *registry.Service, _ []string) error {
				if err := s.SetDefaultSecurityFlags(ctx, f); err != nil {
					return err
				}
				return c.showDefaultAs(ctx, s, "would have stored this default")
			})(cmd, args)
		},
	}
	c.AddFlags(cmd, flags.NewGroup("Changes", c.Global.ChangeFlagSet()))
	return cmd
}

// jsonDefault is the default.
type jsonDefault struct {
	jsonitem.Flags
	Warnings []jsonitem.Warning `json:"warnings"`
}

// showDefault shows the default as it is.
func (c *command) showDefault(ctx context.Context, s *registry.Service, _ []string) error {
	return c.showDefaultAs(ctx, s, "nothing is stored: this is the default now")
}

// showDefaultAs shows the default, as it is now or in a dry run would be: would says
// which.
func (c *command) showDefaultAs(ctx context.Context, s *registry.Service, would string) error {
	f, err := s.DefaultSecurityFlags(ctx)
	if err != nil {
		return err
	}
	j := jsonDefault{Flags: jsonitem.NewFlags(f), Warnings: []jsonitem.Warning{}}
	if f != 0 && !f.Has(ipsec.FlagValid) {
		j.Warnings = append(j.Warnings, jsonitem.Warning{Code: "ipsec-not-valid", Message: "the default has no effect without the flag valid (0x01)"})
	}
	means := "IPsec"
	switch {
	case f == 0:
		means = "not set: no IPsec"
	case !f.Has(ipsec.FlagValid):
		means = "does not count: no IPsec"
	case !f.Has(ipsec.FlagIKE):
		means = "no IPsec"
	}
	if c.ForPeople() {
		for _, w := range j.Warnings {
			c.Say("warning: %s", w.Message)
		}
	}
	return c.Object("default", j, would, []string{"DEFAULT", "LIST", "MEANS"}, []string{f.Hex(), j.IPsec, means})
}

// parseFlags understands LIST|0xNN.
func parseFlags(arg string) (ipsec.Flags, error) {
	f, err := flags.ParseFlags(arg)
	if err != nil {
		return 0, exit.Usagef("LIST %s: %v", wording.Quoted(arg), err)
	}
	return f, nil
}
