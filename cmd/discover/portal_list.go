package main

import (
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/spf13/cobra"
)

// portalList returns the verb.
func (c *command) portalList() *cobra.Command {
	return &cobra.Command{
		Use:               "list [FLAGS]",
		Short:             "list the portals of the registry",
		Long:              portalListManual,
		ValidArgsFunction: cobra.NoFileCompletions,
		Args:              arguments(0, 0, ""),
		RunE: c.answering(func(cmd *cobra.Command, _ []string) error {
			if err := c.noTargetLines(cmd); err != nil {
				return err
			}
			return c.withService(cmd.Context(), reading, c.discoverer(nil), func(s *initiator.Service) error {
				l := c.portalListing()
				for p, err := range s.SendTargetPortals(cmd.Context()) {
					if err != nil {
						return c.broken(l, err)
					}
					if err := l.portal(&p); err != nil {
						return err
					}
				}
				if c.global.output == formatTable && l.empty() {
					c.say("no portals in the registry; discover portal add PORTAL puts one there")
				}
				return l.end()
			})
		}),
	}
}

// broken ends a listing that the registry broke off.
func (c *command) broken(l *listing, err error) error {
	if c.global.output == formatTable {
		if err := l.end(); err != nil {
			return err
		}
		return c.failure(err)
	}
	if err := l.endWith(failedWith(newJSONFailure(err))); err != nil {
		return err
	}
	return statusError(exitFailed)
}

func (c *command) portalListing() *listing {
	return c.newListing("portals", "stored-portal", "PORTAL", "NAME", "INSTANCE", "PORT", "LOGIN", "IPSEC", "LAST RESULT")
}

// portal shows an entry of the registry.
func (l *listing) portal(p *initiator.StoredPortal) error {
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
	return l.item(newJSONPortal(p), []string{
		p.Portal.String(), p.Portal.SymbolicName, instance, p.Port.String(), loginText(&p.Login), security, last,
	})
}

// loginText says how an entry logs in.
func loginText(o *initiator.LoginOptions) string {
	if o.Specified&initiator.SpecifiedAuthType == 0 || o.AuthType == initiator.NoAuth {
		return ""
	}
	s := o.AuthType.String()
	if o.Username != "" {
		s += " " + o.Username
	}
	return s
}

// lastText says how the last discovery of an entry ended.
func lastText(last *initiator.LastResult) string {
	switch {
	case last.Time.IsZero():
		return "not asked yet"
	case last.Code != initiator.CodeSuccess:
		return timeText(last.Time) + " failed: " + last.Message
	case last.Targets == 0:
		return timeText(last.Time) + " no targets"
	}
	return timeText(last.Time) + " " + plural(last.Targets, "target", "targets")
}
