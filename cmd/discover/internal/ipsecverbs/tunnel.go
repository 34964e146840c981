package ipsecverbs

import (
	"context"
	"net/netip"

	"github.com/spf13/cobra"

	"github.com/go-iscsi/discovery/cmd/discover/internal/manual"
	"github.com/go-iscsi/discovery/cmd/discover/internal/verb"
	"github.com/go-iscsi/discovery/cmd/internal/app"
	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/cmd/internal/jsonitem"
	"github.com/go-iscsi/discovery/cmd/internal/wording"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// jsonTunnel is the gateway of a destination.
type jsonTunnel struct {
	Destination string `json:"destination"`
	Outer       string `json:"outer"`
	jsonitem.Scope
}

func newJSONTunnel(t *registry.TunnelAddress) jsonTunnel {
	return jsonTunnel{t.Destination.String(), t.Outer.String(), jsonitem.NewScope(t.Instance, t.Port)}
}

// ipsecTunnelSet returns the verb.
func (c *command) ipsecTunnelSet() *cobra.Command {
	var scope flags.Scope
	cmd := &cobra.Command{
		Use:               "set [FLAGS] DESTINATION OUTER",
		Short:             "store the tunnel mode gateway of a destination",
		Long:              manual.IPsecTunnelSet,
		ValidArgsFunction: cobra.NoFileCompletions,
		Args:              verb.Both("DESTINATION", "OUTER"),
		RunE: func(cmd *cobra.Command, args []string) error {
			t, err := parseTunnel(args, &scope)
			if err != nil {
				return err
			}
			return c.RegistryVerb(app.CreateIfMissing, func(ctx context.Context, s *registry.Service, _ []string) error {
				return c.setTunnel(ctx, s, t)
			})(cmd, args)
		},
	}
	c.AddFlags(cmd, flags.NewGroup(flags.ScopeGroup, scope.FlagSet()), flags.NewGroup("Changes", c.Global.ChangeFlagSet()))
	verb.CompleteKeyFlags(c.Command, cmd)
	return cmd
}

// setTunnel stores a gateway, and says which one it replaces.
func (c *command) setTunnel(ctx context.Context, s *registry.Service, t registry.TunnelAddress) error {
	was, err := app.StoredGateway(ctx, s, &t)
	if err != nil {
		return err
	}
	if err := s.SetTunnelModeOuterAddress(ctx, t, true); err != nil {
		return err
	}
	j := newJSONTunnel(&t)
	if was.IsValid() && was != t.Outer {
		return c.Done("tunnels", "tunnel", j, "set the outer address of %s to %s%s (it was %s)", t.Destination, t.Outer, j.Words(), was)
	}
	return c.Done("tunnels", "tunnel", j, "set the outer address of %s to %s%s", t.Destination, t.Outer, j.Words())
}

func parseTunnel(args []string, scope *flags.Scope) (t registry.TunnelAddress, err error) {
	if err := scope.Check(); err != nil {
		return t, err
	}
	t.Instance, t.Port = scope.Instance, scope.Port.Number
	if t.Destination, err = parseHost("DESTINATION", args[0]); err != nil {
		return t, err
	}
	t.Outer, err = parseHost("OUTER", args[1])
	return t, err
}

func parseHost(what, arg string) (netip.Addr, error) {
	addr, ok := flags.HostAddress(arg)
	if !ok {
		return addr, exit.Usagef("%s %s: expected an IP address, such as 192.0.2.1 or 2001:db8::1", what, wording.Quoted(arg))
	}
	return addr, nil
}

// ipsecTunnelList returns the verb.
func (c *command) ipsecTunnelList() *cobra.Command {
	return &cobra.Command{
		Use:               "list [FLAGS]",
		Short:             "list the gateways for tunnel mode",
		Long:              manual.IPsecTunnelList,
		ValidArgsFunction: cobra.NoFileCompletions,
		Args:              flags.Arguments(0, 0, ""),
		RunE: c.RegistryVerb(app.ReadOnly, func(ctx context.Context, s *registry.Service, _ []string) error {
			l := c.NewListing("tunnels", "tunnel", "DESTINATION", "OUTER", "INSTANCE", "PORT")
			var unread []error
			for t, err := range s.TunnelModeOuterAddresses(ctx) {
				if err != nil {
					unread = append(unread, err)
					continue
				}
				j := newJSONTunnel(&t)
				instance, port := j.Columns()
				if err := l.Item(j, []string{j.Destination, j.Outer, instance, port}); err != nil {
					return err
				}
			}
			if l.Empty() && c.ForPeople() && len(unread) == 0 {
				c.Say("no outer addresses in the registry %s; store one with discover ipsec tunnel set DESTINATION OUTER", c.RegistryName())
			}
			return c.EndListing(l, unread...)
		}),
	}
}

// ipsecTunnelRemove returns the verb.
func (c *command) ipsecTunnelRemove() *cobra.Command {
	var scope flags.Scope
	cmd := &cobra.Command{
		Use:               "remove [FLAGS] DESTINATION",
		Short:             "remove the gateway of a destination",
		Long:              manual.IPsecTunnelRemove,
		ValidArgsFunction: verb.CompleteFromRegistry(c.Command, tunnelNames),
		Args:              flags.Arguments(1, 1, "DESTINATION"),
		RunE: func(cmd *cobra.Command, args []string) error {
			destination, err := parseHost("DESTINATION", args[0])
			if err == nil {
				err = scope.Check()
			}
			if err != nil {
				return err
			}
			return c.RegistryVerb(app.Existing, func(ctx context.Context, s *registry.Service, _ []string) error {
				if err := s.RemoveTunnelModeOuterAddress(ctx, destination, scope.Instance, scope.Port.Number); err != nil {
					return err
				}
				return c.Done("removed", "removed", jsonDestination{destination.String()}, "removed the outer address of %s", destination)
			})(cmd, args)
		},
	}
	c.AddFlags(cmd, flags.NewGroup(flags.ScopeGroup, scope.FlagSet()), flags.NewGroup("Changes", c.Global.ChangeFlagSet()))
	verb.CompleteKeyFlags(c.Command, cmd)
	return cmd
}

type jsonDestination struct {
	Destination string `json:"destination"`
}

func tunnelNames(ctx context.Context, s *registry.Service) (names []string) {
	for t, err := range s.TunnelModeOuterAddresses(ctx) {
		if err != nil && !app.IsOneRecord(err) || len(names) == verb.MaxOffered {
			break
		}
		names = append(names, t.Destination.String())
	}
	return names
}
