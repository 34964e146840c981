package hostverbs

import (
	"context"
	"net/netip"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/go-iscsi/discovery/cmd/discover/internal/manual"
	"github.com/go-iscsi/discovery/cmd/discover/internal/verb"
	"github.com/go-iscsi/discovery/cmd/internal/app"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/cmd/internal/jsonitem"
	"github.com/go-iscsi/discovery/cmd/internal/wording"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// Port returns the verbs about initiator ports.
func Port(of *app.Command) *cobra.Command {
	c := &command{of}
	return verb.Noun("port", "addresses of this host that portals are asked from", manual.Port, c.portList())
}

// portList returns the verb.
func (c *command) portList() *cobra.Command {
	var key flags.Key
	cmd := &cobra.Command{
		Use:               "list [FLAGS] [PORTAL]",
		Short:             "list initiator ports; with PORTAL, the one that routing selects",
		Long:              manual.PortList,
		ValidArgsFunction: cobra.NoFileCompletions,
		Args:              flags.Arguments(0, 1, "PORTAL"),
		RunE: c.Answer(func(cmd *cobra.Command, args []string) error {
			if err := c.RefuseTargetLines(cmd); err != nil {
				return err
			}
			var portal initiator.Portal
			if len(args) > 0 {
				var err error
				if portal, err = key.Portal(args[0]); err != nil {
					return err
				}
			}
			return c.WithService(cmd.Context(), app.ReadOnly, c.NewDiscoverer(nil), func(s *registry.Service) error {
				selector, err := s.Selector(cmd.Context(), false)
				if err != nil {
					return err
				}
				if len(args) > 0 {
					return c.routedPorts(cmd.Context(), selector, key.Instance, portal)
				}
				return c.allPorts(selector, key.Instance)
			})
		}),
	}
	c.AddFlags(cmd, flags.NewGroup("Which ports", key.ListFlagSet()))
	_ = cmd.RegisterFlagCompletionFunc("instance", verb.CompleteFromRegistry(c.Command, verb.InstanceNames))
	return cmd
}

// allPorts shows the ports of an instance, or of all.
func (c *command) allPorts(selector *ports.Selector, instance string) error {
	l := c.NewListing("ports", "port", "INSTANCE", "PORT", "ADDRESS", "INTERFACE", "STATE")
	is := func(name string) bool { return instance == "" || strings.EqualFold(name, instance) }
	if !slices.ContainsFunc(selector.Instances, is) {
		return &initiator.Error{Stage: initiator.StageSelectPort, Err: &isdsc.Error{
			Code: isdsc.InitiatorInstanceNotFound, What: "initiator instance " + wording.Quoted(instance), Reason: "it does not exist; see discover instance list",
		}}
	}
	for _, p := range selector.Ports {
		if !is(p.Instance) {
			continue
		}
		if err := l.Item(jsonitem.NewPort(&p), []string{p.Instance, p.Number.String(), p.Address.String(), p.Interface, p.State.String()}); err != nil {
			return err
		}
	}
	return c.EndListing(l, app.EachUnread(selector.Damaged)...)
}

// routedPorts shows the port that routing picks for each address of a portal, of
// an instance or of each that has a route.
func (c *command) routedPorts(ctx context.Context, selector *ports.Selector, instance string, portal initiator.Portal) error {
	fail := func(stage initiator.Stage, err error) error {
		return &initiator.Error{Stage: stage, Portal: portal, Err: err}
	}
	addrs, err := c.Resolve(ctx, portal)
	if err != nil {
		return fail(initiator.StageResolve, err)
	}
	l := c.NewListing("ports", "port", "PORTAL ADDRESS", "INSTANCE", "PORT", "ADDRESS", "INTERFACE", "STATE")
	var last error
	found := false
	for _, addr := range addrs {
		ports, err := selector.Select(ctx, instance, ports.All, addr)
		if err != nil {
			last = err
			continue
		}
		found = true
		to := netip.AddrPortFrom(addr, portal.Port).String()
		for _, p := range ports {
			j := jsonitem.NewPort(&p)
			asked, text := jsonitem.Text(portal.String()), jsonitem.Text(to)
			j.Portal, j.To = &asked, &text
			if err := l.Item(j, []string{to, p.Instance, p.Number.String(), p.Address.String(), p.Interface, p.State.String()}); err != nil {
				return err
			}
		}
	}
	if !found {
		return fail(initiator.StageSelectPort, last)
	}
	return c.EndListing(l, app.EachUnread(selector.Damaged)...)
}
