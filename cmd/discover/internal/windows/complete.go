package windows

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/go-iscsi/discovery/cmd/discover/internal/iscsicli"
	"github.com/go-iscsi/discovery/cmd/discover/internal/verb"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// complete offers the verbs of the tool, and the arguments of a verb.
func (t *tool) complete(cmd *cobra.Command, args []string, word string) (offers []string, d cobra.ShellCompDirective) {
	d = cobra.ShellCompDirectiveNoFileComp
	if len(args) == 0 {
		return append(VerbOffers(), "help\tprint the arguments of a verb"), d
	}
	if len(args) == 1 && strings.EqualFold(args[0], helpWord) {
		return VerbOffers(), d
	}
	v := iscsicli.Find(args[0])
	if v == nil {
		return nil, d
	}
	p, ok := v.Argument(len(args) - 1)
	if !ok {
		return nil, d
	}
	registered := func(names func(context.Context, *registry.Service) []string) []string {
		return verb.FromRegistry(cmd.Context(), t.Command, names)
	}
	switch p.Name {
	case "Address", "PortalAddress", "Destination":
		offers = registered(portalHosts)
	case "HBA", "Initiator":
		offers = registered(verb.InstanceNames)
	case "InitiatorPort":
		offers = registered(verb.PortNumbers(args[len(args)-1])) // the instance stands before it
	case "TargetName":
		offers = registered(verb.TargetNames)
	case "DiscoveryMechanism":
		offers = registered(mechanismsOf(args[len(args)-1]))
	case "Secret", "Password", "Key":
		offers, d = flags.OfferSecret(&t.Env, word)
	default:
		offers = p.Words
	}
	if p.Star {
		offers = append(offers, "*\tnot specified")
	}
	return offers, d
}

// VerbOffers are the verbs that are here, for a shell that completes.
func VerbOffers() (offers []string) {
	for _, v := range iscsicli.Verbs() {
		offers = append(offers, v.Name+"\t"+v.Short)
	}
	return offers
}

// portalHosts returns the addresses of the portals, without their TCP ports, which are
// arguments of their own.
func portalHosts(ctx context.Context, s *registry.Service) (hosts []string) {
	for p := range s.SendTargetPortals(ctx) {
		if p.Portal.Address == "" || len(hosts) == verb.MaxOffered {
			break
		}
		hosts = append(hosts, p.Portal.Address)
	}
	return hosts
}

// mechanismsOf returns the mechanisms that found a target. Blanks at their end may be left out.
func mechanismsOf(name string) func(context.Context, *registry.Service) []string {
	return func(ctx context.Context, s *registry.Service) (texts []string) {
		for t, err := range s.Targets(ctx, false) {
			if err != nil || !strings.EqualFold(t.Name, name) {
				continue
			}
			for _, m := range t.Mechanisms {
				texts = append(texts, strings.TrimRight(m.Text, " "))
			}
		}
		return texts
	}
}
