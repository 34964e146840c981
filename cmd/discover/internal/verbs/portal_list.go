package verbs

import (
	"strings"

	"github.com/go-iscsi/discovery/cmd/discover/internal/verb"

	"github.com/spf13/cobra"

	"github.com/go-iscsi/discovery/cmd/discover/internal/manual"
	"github.com/go-iscsi/discovery/cmd/internal/app"
	"github.com/go-iscsi/discovery/cmd/internal/render"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/login"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// portal returns the verbs about the portals of the registry.
func (c *command) portal() *cobra.Command {
	return verb.Noun("portal", "store portals in the registry, and ask them", manual.Portal,
		c.portalAdd(), c.portalList(), c.portalRemove(), c.portalRefresh())
}

// portalList returns the verb.
func (c *command) portalList() *cobra.Command {
	return &cobra.Command{
		Use:               "list [FLAGS]",
		Short:             "list the portals of the registry",
		Long:              manual.PortalList,
		ValidArgsFunction: cobra.NoFileCompletions,
		Args:              verb.Arguments(0, 0, ""),
		RunE: c.Answer(func(cmd *cobra.Command, _ []string) error {
			if err := c.RefuseTargetLines(cmd); err != nil {
				return err
			}
			return c.WithService(cmd.Context(), app.ReadOnly, c.NewDiscoverer(nil), func(s *registry.Service) error {
				l := c.portalListing()
				var unread []error
				for p, err := range s.SendTargetPortals(cmd.Context()) {
					if err != nil {
						unread = append(unread, err)
						continue
					}
					if err := listPortal(l, &p); err != nil {
						return err
					}
				}
				if c.Global.Output == render.FormatTable && l.Empty() && len(unread) == 0 {
					c.Say("no portals in the registry %s; add one with discover portal add PORTAL", c.RegistryName())
				}
				return c.EndListing(l, unread...)
			})
		}),
	}
}

func (c *command) portalListing() *render.Listing {
	return c.NewListing("portals", "stored-portal", "PORTAL", "NAME", "INSTANCE", "PORT", "LOGIN", "IPSEC", "LAST RESULT")
}

// listPortal shows an entry of the registry.
func listPortal(l *render.Listing, p *registry.StoredPortal) error {
	instance, security := p.Instance, ""
	if instance == "" {
		instance = "any"
	}
	if p.Security != 0 {
		security = p.Security.String()
	}
	last := lastText(&p.Last)
	if p.Added.IsZero() {
		last = "" // it is not in the registry
	}
	return l.Item(render.NewJSONPortal(p), []string{
		p.Portal.String(), p.Portal.SymbolicName, instance, p.Port.String(), loginText(&p.Login), security, last,
	})
}

// loginText says how an entry logs in.
func loginText(o *login.Options) string {
	var parts []string
	if o.Specified&login.SpecifiedAuthType != 0 && o.AuthType != login.NoAuth {
		by := o.AuthType.String()
		if o.Username != "" {
			by += " " + o.Username
		}
		parts = append(parts, by)
		if o.CHAPPolicy != login.CHAPRequired {
			parts = append(parts, o.CHAPPolicy.String())
		}
		if o.ShortSecrets {
			parts = append(parts, "short secrets")
		}
	}
	if o.RedirectNames {
		parts = append(parts, "redirect names")
	}
	return strings.Join(parts, ", ")
}

// lastText says how the last discovery of an entry ended.
func lastText(last *registry.LastResult) string {
	switch {
	case last.Time.IsZero():
		return "not asked yet"
	case last.Code != isdsc.Success:
		return render.TimeText(last.Time) + " failed: " + last.Message
	}
	return render.TimeText(last.Time) + " " + render.Summary(last.Targets, &initiator.Result{LeftOut: last.LeftOut})
}
