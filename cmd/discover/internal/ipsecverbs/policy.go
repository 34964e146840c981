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
	"github.com/go-iscsi/discovery/cmd/internal/render"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/ipsec"
)

// jsonPolicy is an administrator's rule.
type jsonPolicy struct {
	Selector jsonitem.Text `json:"selector"`
	jsonitem.Flags
}

// ipsecPolicyAdd returns the verb.
func (c *command) ipsecPolicyAdd() *cobra.Command {
	replace := false
	cmd := &cobra.Command{
		Use:   "add [FLAGS] SELECTOR LIST",
		Short: "add a rule that decides about IPsec whatever the flags say",
		Long:  manual.IPsecPolicyAdd,
		ValidArgsFunction: verb.CompleteEach(
			verb.CompleteFromRegistry(c.Command, verb.PortalNames), verb.CompleteIPsec()),
		Args: verb.Both("SELECTOR", "LIST"),
		RunE: func(cmd *cobra.Command, args []string) error {
			f, err := parseFlags(args[1])
			if err != nil {
				return err
			}
			selector, err := registry.CanonicalSelector(args[0])
			if err != nil {
				return exit.Usagef("%s", err)
			}
			p := registry.Policy{Selector: selector, Flags: f}
			return c.RegistryVerb(app.CreateIfMissing, func(ctx context.Context, s *registry.Service, _ []string) error {
				return c.setPolicy(ctx, s, p, replace)
			})(cmd, args)
		},
	}
	fs := flags.NewSet()
	fs.BoolVar(&replace, "replace", false, "allow off to replace a rule that requires IPsec")
	c.AddFlags(cmd, flags.NewGroup("The policy", fs), flags.NewGroup("Changes", c.Global.ChangeFlagSet()))
	return cmd
}

// setPolicy stores a policy, and says which one it replaces. One that asks for IPsec
// gives way to one that does not only where replace is set.
func (c *command) setPolicy(ctx context.Context, s *registry.Service, p registry.Policy, replace bool) error {
	old, there, err := s.PolicyOf(ctx, p.Selector)
	if err != nil {
		return err
	}
	if there && old.Flags.Has(ipsec.FlagIKE) && !p.Flags.Has(ipsec.FlagIKE) && !replace {
		return &initiator.Error{Stage: initiator.StageValidate, Err: &isdsc.Error{
			Code: isdsc.InvalidParameter, What: "policy " + p.Selector,
			Reason: "it asks for " + render.FlagsText(old.Flags) + " now; give --replace to turn that off",
		}}
	}
	if err := s.SetPolicy(ctx, p); err != nil {
		return err
	}
	j := jsonPolicy{jsonitem.Text(p.Selector), jsonitem.NewFlags(p.Flags)}
	if there && old.Flags != p.Flags {
		return c.Done("policies", "policy", j, "replaced the policy %s: %s by %s", p.Selector, render.FlagsText(old.Flags), render.FlagsText(p.Flags))
	}
	return c.Done("policies", "policy", j, "added the policy %s: %s", p.Selector, render.FlagsText(p.Flags))
}

// ipsecPolicyList returns the verb.
func (c *command) ipsecPolicyList() *cobra.Command {
	return &cobra.Command{
		Use:               "list [FLAGS]",
		Short:             "list the administrator's rules",
		Long:              manual.IPsecPolicyList,
		ValidArgsFunction: cobra.NoFileCompletions,
		Args:              flags.Arguments(0, 0, ""),
		RunE: c.RegistryVerb(app.ReadOnly, func(ctx context.Context, s *registry.Service, _ []string) error {
			l := c.NewListing("policies", "policy", "SELECTOR", "FLAGS", "LIST")
			var unread []error
			for p, err := range s.Policies(ctx) {
				if err != nil {
					unread = append(unread, err)
					continue
				}
				if err := l.Item(jsonPolicy{jsonitem.Text(p.Selector), jsonitem.NewFlags(p.Flags)}, []string{p.Selector, p.Flags.Hex(), jsonitem.FlagsList(p.Flags)}); err != nil {
					return err
				}
			}
			if l.Empty() && c.ForPeople() && len(unread) == 0 {
				c.Say("no policies in the registry %s; add one with discover ipsec policy add SELECTOR LIST", c.RegistryName())
			}
			return c.EndListing(l, unread...)
		}),
	}
}

// ipsecPolicyRemove returns the verb.
func (c *command) ipsecPolicyRemove() *cobra.Command {
	cmd := &cobra.Command{
		Use:               "remove [FLAGS] SELECTOR",
		Short:             "remove an administrator's rule",
		Long:              manual.IPsecPolicyRemove,
		ValidArgsFunction: verb.CompleteFromRegistry(c.Command, policyNames),
		Args:              flags.Arguments(1, 1, "SELECTOR"),
		RunE: c.RegistryVerb(app.Existing, func(ctx context.Context, s *registry.Service, args []string) error {
			selector, bad := registry.CanonicalSelector(args[0])
			err := s.RemovePolicy(ctx, args[0])
			switch {
			case err != nil && bad != nil:
				return exit.Usagef("%s", bad)
			case err != nil:
				return err
			case bad != nil:
				selector = args[0] // stored by an earlier version, which took it
			}
			return c.Done("removed", "removed", jsonSelector{jsonitem.Text(selector)}, "removed the policy %s", selector)
		}),
	}
	c.AddFlags(cmd, flags.NewGroup("Changes", c.Global.ChangeFlagSet()))
	return cmd
}

type jsonSelector struct {
	Selector jsonitem.Text `json:"selector"`
}

func policyNames(ctx context.Context, s *registry.Service) (names []string) {
	for p, err := range s.Policies(ctx) {
		if err != nil && !app.IsOneRecord(err) || len(names) == verb.MaxOffered {
			break
		}
		names = append(names, p.Selector)
	}
	return names
}
