package verbs

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/go-iscsi/discovery/cmd/discover/internal/manual"
	"github.com/go-iscsi/discovery/cmd/discover/internal/verb"
	"github.com/go-iscsi/discovery/cmd/internal/app"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/cmd/internal/jsonitem"
	"github.com/go-iscsi/discovery/cmd/internal/render"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/login"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// portal returns the verbs about the portals of the registry.
func (c *command) portal() *cobra.Command {
	return verb.Noun("portal", "store portals in the registry, and ask them", manual.Portal,
		c.portalAdd(), c.portalList(), c.portalShow(), c.portalSet(), c.portalRemove(), c.portalRefresh())
}

// portalList lists entries of the registry.
type portalList struct {
	*command
	filter entryFilter
	failed bool
}

// portalList returns the verb.
func (c *command) portalList() *cobra.Command {
	p := &portalList{command: c}
	cmd := &cobra.Command{
		Use:               "list [FLAGS] [PORTAL...]",
		Short:             "list the portals of the registry",
		Long:              manual.PortalList,
		ValidArgsFunction: verb.CompleteFromRegistry(c.Command, verb.PortalNames),
		RunE: c.Answer(func(cmd *cobra.Command, args []string) error {
			if err := c.RefuseTargetLines(cmd); err != nil {
				return err
			}
			if err := p.filter.understand(&c.Env, args); err != nil {
				return err
			}
			return c.WithService(cmd.Context(), app.ReadOnly, c.NewDiscoverer(nil), func(s *registry.Service) error {
				return p.list(cmd.Context(), s)
			})
		}),
	}
	which := p.filter.key.FilterFlagSet()
	which.BoolVar(&p.failed, "failed", false, "only entries whose last result is a failure")
	c.AddFlags(cmd, flags.NewGroup("The list", which))
	verb.CompleteKeyFlags(c.Command, cmd)
	return cmd
}

// list lists the entries that are selected.
func (p *portalList) list(ctx context.Context, s *registry.Service) error {
	l := p.portalListing()
	var end endOfList
	stored := 0
	for e, err := range p.filter.entries(ctx, s) {
		if stored++; err != nil {
			end.unread = append(end.unread, err)
			continue
		}
		if p.failed && (e.Last.Time.IsZero() || e.Last.Code == isdsc.Success) {
			continue
		}
		end.shown++
		if err := listPortal(l, &e); err != nil {
			return err
		}
	}
	end.unmet = p.filter.unmet(ctx, s)
	if p.Global.Output == render.FormatTable && end.shown+len(end.all()) == 0 {
		p.sayEmpty(stored)
	}
	return end.status(p.EndListing(l, end.all()...))
}

// sayEmpty says why nothing is listed. stored is how many entries were selected but for
// --failed.
func (p *portalList) sayEmpty(stored int) {
	switch {
	case stored > 0:
		p.Say("no portal failed when it was asked last")
	case p.filter.key.Given():
		p.Say("no portals in the registry %s from this initiator port; see discover portal list", p.RegistryName())
	default:
		p.Say("no portals in the registry %s; add one with discover portal add PORTAL", p.RegistryName())
	}
}

// portalListing returns a list of entries. On a terminal it fits.
func (c *command) portalListing() *render.Listing {
	l := c.NewListing("portals", "stored-portal", "PORTAL", "NAME", "INSTANCE", "PORT", "LOGIN", "IPSEC", "LAST RESULT")
	if l.Width, l.Ellipsis = c.Terminal(c.Stdout), "..."; c.IsUTF8() {
		l.Ellipsis = "…"
	}
	return l
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
	last := verb.LastText(&p.Last)
	if l.Width > 0 {
		last = shortLastText(p, time.Now())
	}
	if p.Added.IsZero() {
		last = "" // it is not in the registry
	}
	return l.Item(jsonitem.NewPortal(p), []string{
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

// shortLastText is verb.LastText for a terminal: without what the row says already and how to
// mend it, which portal show has.
func shortLastText(p *registry.StoredPortal, now time.Time) string {
	last := &p.Last
	switch {
	case last.Time.IsZero():
		return verb.LastText(last)
	case last.Code != isdsc.Success:
		return "failed: " + shortReason(last.Message, p.Portal.String()) + ", " + ageText(now.Sub(last.Time))
	}
	return render.Summary(last.Targets, &initiator.Result{LeftOut: last.LeftOut}) + ", " + ageText(now.Sub(last.Time))
}

// shortReason returns the reason in the message of a failed result of a portal.
func shortReason(message, portal string) string {
	if _, after, ok := strings.Cut(message, portal); ok {
		if _, reason, ok := strings.Cut(after, ": "); ok {
			message = reason
		}
	}
	reason, _, _ := strings.Cut(message, "; ")
	return reason
}

// ageText says how long ago something was.
func ageText(age time.Duration) string {
	switch {
	case age < time.Second:
		return "just now"
	case age < time.Minute:
		return fmt.Sprintf("%ds ago", age/time.Second)
	case age < time.Hour:
		return fmt.Sprintf("%dm ago", age/time.Minute)
	case age < 48*time.Hour:
		return fmt.Sprintf("%dh ago", age/time.Hour)
	}
	return fmt.Sprintf("%dd ago", age/(24*time.Hour))
}
