package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/go-iscsi/discovery/cmd/discover/internal/flags"
	"github.com/go-iscsi/discovery/cmd/discover/internal/machine"
	"github.com/go-iscsi/discovery/cmd/discover/internal/manual"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/ipsec"
)

// ipsec returns the verbs about IPsec.
func (c *command) ipsec() *cobra.Command {
	return c.noun("ipsec", "which IPsec portals are asked under, and why", manual.IPsec,
		c.ipsecExplain(), c.ipsecDefault(), c.ipsecCleanup(),
		c.noun("policy", "an administrator's rules, which come before flags", manual.IPsecPolicy,
			c.ipsecPolicyAdd(), c.ipsecPolicyList(), c.ipsecPolicyRemove()),
		c.noun("psk", "preshared keys of peers", manual.IPsecPSK,
			c.ipsecPSKSet(), c.ipsecPSKList(), c.ipsecPSKRemove()),
		c.noun("tunnel", "gateways of tunnel mode", manual.IPsecTunnel,
			c.ipsecTunnelSet(), c.ipsecTunnelList(), c.ipsecTunnelRemove()))
}

// registryVerb is a verb that shows or changes the registry, and asks nobody.
func (c *Command) registryVerb(a access, verb func(ctx context.Context, s *registry.Service, args []string) error) func(*cobra.Command, []string) error {
	return c.answering(func(cmd *cobra.Command, args []string) error {
		if err := c.noTargetLines(cmd); err != nil {
			return err
		}
		return c.withService(cmd.Context(), a, c.discoverer(nil), func(s *registry.Service) error {
			return verb(cmd.Context(), s, args)
		})
	})
}

// parseFlags understands LIST|0xNN.
func parseFlags(arg string) (ipsec.Flags, error) {
	f, err := ipsec.Parse(arg)
	if err != nil {
		return 0, machine.Usagef("LIST %s: %v", machine.Quoted(arg), flags.ParseReason(err))
	}
	return f, nil
}
