package main

import (
	"context"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/spf13/cobra"
)

// jsonPolicy is an administrator's rule.
type jsonPolicy struct {
	Selector jsonText `json:"selector"`
	jsonFlags
}

// ipsecPolicyAdd returns the verb.
func (c *command) ipsecPolicyAdd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "add [FLAGS] SELECTOR LIST",
		Short: "say under which IPsec portals are asked, whatever their flags say",
		Long:  ipsecPolicyAddManual,
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) == 1 {
				return ipsec.Words(), cobra.ShellCompDirectiveNoFileComp
			}
			return nil, cobra.ShellCompDirectiveNoFileComp
		},
		Args: both("SELECTOR", "LIST"),
		RunE: func(cmd *cobra.Command, args []string) error {
			f, err := parseFlags(args[1])
			if err != nil {
				return err
			}
			return c.registryVerb(making, func(ctx context.Context, s *initiator.Service, args []string) error {
				if err := s.SetPolicy(ctx, initiator.Policy{Selector: args[0], Flags: f}); err != nil {
					return err
				}
				return c.done("policies", jsonPolicy{jsonText(args[0]), newJSONFlags(f)}, "added the policy %s: %s", args[0], flagsText(f))
			})(cmd, args)
		},
	}
	c.addFlags(cmd, flagGroup{"Changes", c.global.changeFlags()})
	return cmd
}

// ipsecPolicyList returns the verb.
func (c *command) ipsecPolicyList() *cobra.Command {
	return &cobra.Command{
		Use:               "list [FLAGS]",
		Short:             "list the administrator's rules",
		Long:              ipsecPolicyListManual,
		ValidArgsFunction: cobra.NoFileCompletions,
		Args:              arguments(0, 0, ""),
		RunE: c.registryVerb(reading, func(ctx context.Context, s *initiator.Service, _ []string) error {
			l := c.newListing("policies", "policy", "SELECTOR", "FLAGS", "LIST")
			for p, err := range s.Policies(ctx) {
				if err != nil {
					return c.broken(l, err)
				}
				if err := l.item(jsonPolicy{jsonText(p.Selector), newJSONFlags(p.Flags)}, []string{p.Selector, p.Flags.Hex(), flagsList(p.Flags)}); err != nil {
					return err
				}
			}
			if l.empty() && c.forPeople() {
				c.say("no policies; discover ipsec policy add SELECTOR LIST makes one")
			}
			return l.end()
		}),
	}
}

// ipsecPolicyRemove returns the verb.
func (c *command) ipsecPolicyRemove() *cobra.Command {
	cmd := &cobra.Command{
		Use:               "remove [FLAGS] SELECTOR",
		Short:             "remove an administrator's rule",
		Long:              ipsecPolicyRemoveManual,
		ValidArgsFunction: c.completeFromRegistry(policyNames),
		Args:              arguments(1, 1, "SELECTOR"),
		RunE: c.registryVerb(changing, func(ctx context.Context, s *initiator.Service, args []string) error {
			if err := s.RemovePolicy(ctx, args[0]); err != nil {
				return err
			}
			return c.done("removed", jsonSelector{jsonText(args[0])}, "removed the policy %s", args[0])
		}),
	}
	c.addFlags(cmd, flagGroup{"Changes", c.global.changeFlags()})
	return cmd
}

type jsonSelector struct {
	Selector jsonText `json:"selector"`
}

func policyNames(ctx context.Context, s *initiator.Service) (names []string) {
	for p, err := range s.Policies(ctx) {
		if err != nil || len(names) == maxOffered {
			break
		}
		names = append(names, p.Selector)
	}
	return names
}
