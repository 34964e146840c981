package verbs

import (
	"context"
	"slices"

	"github.com/spf13/cobra"

	"github.com/go-iscsi/discovery/cmd/internal/app"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/cmd/internal/sweep"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// maxOffered is how many names a shell is offered.
const maxOffered = 1000

// completeFromRegistry offers names of the registry. Where it cannot be read
// there are none: a shell that completes says nothing.
func (c *command) completeFromRegistry(names func(context.Context, *registry.Service) []string) cobra.CompletionFunc {
	return func(cmd *cobra.Command, _ []string, _ string) (found []string, _ cobra.ShellCompDirective) {
		_ = c.WithService(cmd.Context(), app.ReadOnly, c.NewDiscoverer(nil), func(s *registry.Service) error {
			found = names(cmd.Context(), s)
			return nil
		})
		return found, cobra.ShellCompDirectiveNoFileComp
	}
}

// completeKeyFlags tells the shell what the key flags take.
func (c *command) completeKeyFlags(cmd *cobra.Command) {
	_ = cmd.RegisterFlagCompletionFunc("instance", c.completeFromRegistry(instanceNames))
	words := []string{ports.All.String()}
	if cmd.Name() == "scan" {
		words = append(words, sweep.EachPort)
	}
	_ = cmd.RegisterFlagCompletionFunc("initiator-port", flags.Complete(words...))
}

func portalNames(ctx context.Context, s *registry.Service) (names []string) {
	for p := range s.SendTargetPortals(ctx) {
		if p.Portal.Address == "" || len(names) == maxOffered {
			break
		}
		if name := p.Portal.String(); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

func instanceNames(ctx context.Context, s *registry.Service) (names []string) {
	all, _ := s.Instances(ctx)
	for _, i := range all {
		names = append(names, i.Name)
	}
	return names
}

func staticNames(ctx context.Context, s *registry.Service) (names []string) {
	for t, err := range s.Targets(ctx, false) {
		if err != nil && !app.IsOneRecord(err) || len(names) == maxOffered {
			break
		}
		if slices.ContainsFunc(t.Mechanisms, func(m registry.Mechanism) bool { return m.Static }) {
			names = append(names, t.Name)
		}
	}
	return names
}

func targetNames(ctx context.Context, s *registry.Service) (names []string) {
	for t, err := range s.Targets(ctx, false) {
		if err != nil && !app.IsOneRecord(err) || len(names) == maxOffered {
			break
		}
		if err == nil {
			names = append(names, t.Name)
		}
	}
	return names
}
