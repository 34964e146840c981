package verb

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

// MaxOffered is how many names a shell is offered.
const MaxOffered = 1000

// CompleteFromRegistry offers names of the registry. Where it cannot be read
// there are none: a shell that completes says nothing.
func CompleteFromRegistry(c *app.Command, names func(context.Context, *registry.Service) []string) cobra.CompletionFunc {
	return func(cmd *cobra.Command, _ []string, _ string) (found []string, _ cobra.ShellCompDirective) {
		_ = c.WithService(cmd.Context(), app.ReadOnly, c.NewDiscoverer(nil), func(s *registry.Service) error {
			found = names(cmd.Context(), s)
			return nil
		})
		return found, cobra.ShellCompDirectiveNoFileComp
	}
}

// CompleteKeyFlags tells the shell what the key flags take.
func CompleteKeyFlags(c *app.Command, cmd *cobra.Command) {
	_ = cmd.RegisterFlagCompletionFunc("instance", CompleteFromRegistry(c, InstanceNames))
	words := []string{ports.All.String()}
	if cmd.Name() == "scan" {
		words = append(words, sweep.EachPort)
	}
	_ = cmd.RegisterFlagCompletionFunc("initiator-port", flags.Complete(words...))
}

// PortalNames returns the portals of the registry, for a shell that completes.
func PortalNames(ctx context.Context, s *registry.Service) (names []string) {
	for p := range s.SendTargetPortals(ctx) {
		if p.Portal.Address == "" || len(names) == MaxOffered {
			break
		}
		if name := p.Portal.String(); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// InstanceNames returns the initiator instances, for a shell that completes.
func InstanceNames(ctx context.Context, s *registry.Service) (names []string) {
	all, _ := s.Instances(ctx)
	for _, i := range all {
		names = append(names, i.Name)
	}
	return names
}

// StaticNames returns the static targets, for a shell that completes.
func StaticNames(ctx context.Context, s *registry.Service) (names []string) {
	for t, err := range s.Targets(ctx, false) {
		if err != nil && !app.IsOneRecord(err) || len(names) == MaxOffered {
			break
		}
		if slices.ContainsFunc(t.Mechanisms, func(m registry.Mechanism) bool { return m.Static }) {
			names = append(names, t.Name)
		}
	}
	return names
}

// TargetNames returns the known targets, for a shell that completes.
func TargetNames(ctx context.Context, s *registry.Service) (names []string) {
	for t, err := range s.Targets(ctx, false) {
		if err != nil && !app.IsOneRecord(err) || len(names) == MaxOffered {
			break
		}
		if err == nil {
			names = append(names, t.Name)
		}
	}
	return names
}
