package verb

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/go-iscsi/discovery/cmd/internal/app"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/cmd/internal/sweep"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// MaxOffered is how many names a shell is offered.
const MaxOffered = 1000

// patience is how long a shell that completes waits for the registry.
const patience = 2 * time.Second

// CompleteFromRegistry offers names of the registry that are no arguments yet. Where it cannot
// be read there are none: a shell that completes says nothing.
func CompleteFromRegistry(c *app.Command, names func(context.Context, *registry.Service) []string) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		found := FromRegistry(cmd.Context(), c, names)
		return slices.DeleteFunc(found, func(name string) bool {
			name, _, _ = strings.Cut(name, "\t")
			return slices.Contains(args, name)
		}), cobra.ShellCompDirectiveNoFileComp
	}
}

// FromRegistry returns names of the registry; nil: it cannot be read.
func FromRegistry(ctx context.Context, c *app.Command, names func(context.Context, *registry.Service) []string) (found []string) {
	ctx, stop := context.WithTimeout(ctx, patience)
	defer stop()
	_ = c.WithService(ctx, app.ReadOnly, c.NewDiscoverer(nil), func(s *registry.Service) error {
		found = names(ctx, s)
		return nil
	})
	return found
}

// CompletePortals offers the portals of the registry and, behind @, files with portals.
func CompletePortals(c *app.Command) cobra.CompletionFunc {
	known, files := CompleteFromRegistry(c, PortalNames), CompletePortalFiles(c)
	return func(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
		if strings.HasPrefix(word, "@") {
			return files(cmd, args, word)
		}
		return known(cmd, args, word)
	}
}

// CompletePortalFiles offers, behind @, files with portals.
func CompletePortalFiles(c *app.Command) cobra.CompletionFunc {
	return func(_ *cobra.Command, _ []string, word string) ([]string, cobra.ShellCompDirective) {
		if file, ok := strings.CutPrefix(word, "@"); ok {
			return flags.OfferFiles(&c.Env, "@", file)
		}
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
}

// CompleteSecret offers references to where a secret may be.
func CompleteSecret(c *app.Command) cobra.CompletionFunc {
	return func(_ *cobra.Command, _ []string, word string) ([]string, cobra.ShellCompDirective) {
		return flags.OfferSecret(&c.Env, word)
	}
}

// CompleteIPsec offers lists of the words of --ipsec.
func CompleteIPsec() cobra.CompletionFunc {
	return func(_ *cobra.Command, _ []string, word string) ([]string, cobra.ShellCompDirective) {
		return flags.OfferIPsec(nil, word)
	}
}

// CompleteEach completes the first argument by the first function, and so on.
func CompleteEach(of ...cobra.CompletionFunc) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
		if len(args) >= len(of) {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return of[len(args)](cmd, args, word)
	}
}

// CompleteKeyFlags tells the shell what the key flags take.
func CompleteKeyFlags(c *app.Command, cmd *cobra.Command) {
	_ = cmd.RegisterFlagCompletionFunc("instance", CompleteFromRegistry(c, InstanceNames))
	words := []string{ports.All.String()}
	if cmd.Name() == "scan" {
		words = append(words, sweep.EachPort)
	}
	_ = cmd.RegisterFlagCompletionFunc("initiator-port", func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		instance := ports.Host
		if f, ok := cmd.Flags().Lookup("instance").Value.(interface{ Given() string }); ok && f.Given() != "" {
			instance = f.Given()
		}
		return append(slices.Clone(words), FromRegistry(cmd.Context(), c, PortNumbers(instance))...), cobra.ShellCompDirectiveNoFileComp
	})
}

// PortNumbers returns the numbers of the ports of an instance, with their addresses behind a
// tab, for a shell that completes.
func PortNumbers(instance string) func(context.Context, *registry.Service) []string {
	return func(ctx context.Context, s *registry.Service) (numbers []string) {
		selector, err := s.Selector(ctx, false)
		if err != nil {
			return nil
		}
		for _, p := range selector.Ports {
			if strings.EqualFold(p.Instance, instance) && p.Interface != "" { // else its address is gone
				numbers = append(numbers, p.Number.String()+"\t"+p.Address.String()+" "+p.Interface)
			}
		}
		return numbers
	}
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

// ISNSServerNames returns the iSNS servers of the registry, for a shell that completes.
func ISNSServerNames(ctx context.Context, s *registry.Service) (names []string) {
	for v, err := range s.ISNSServers(ctx) {
		if err != nil && !app.IsOneRecord(err) || len(names) == MaxOffered {
			break
		}
		if err == nil {
			names = append(names, v.Address.String())
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
