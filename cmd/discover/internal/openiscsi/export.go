package openiscsi

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/go-iscsi/discovery/cmd/internal/app"
	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// ExportVerb returns discover export.
func ExportVerb(c *app.Command) *cobra.Command {
	t := &tool{Command: c}
	lines := false
	cmd := &cobra.Command{
		Use:   "export --iscsiadm",
		Short: "print the known targets as iscsiadm command lines",
		Long: `discover export --iscsiadm prints a command line of open-iscsi's iscsiadm for each
target, address and iface in the registry: run there, they make the records by
which iscsiadm logs in. Each begins with a check, since -o new gives a record that
exists its defaults again.

Targets whose names have no iSCSI prefix (iqn., eui. or naa.) are left out, and
those that are missing or whose portal was removed.`,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: c.Answer(func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return exit.Usagef("export takes no arguments: it prints all that was found")
			}
			if !lines {
				return exit.Usagef("export needs --iscsiadm, the one form that there is")
			}
			if err := c.RefuseTargetLines(cmd); err != nil {
				return err
			}
			return c.WithService(cmd.Context(), app.ReadOnly, c.NewDiscoverer(nil), func(s *registry.Service) error {
				return t.export(cmd.Context(), s)
			})
		}),
	}
	fs := flags.NewSet()
	fs.BoolVar(&lines, "iscsiadm", false, "as command lines of open-iscsi's iscsiadm, for a POSIX shell")
	c.AddFlags(cmd, flags.NewGroup("The form", fs))
	return cmd
}

// export prints a command line for each node.
func (t *tool) export(ctx context.Context, s *registry.Service) error {
	nodes, err := t.nodes(ctx, s)
	if err != nil {
		return err
	}
	nodes = slices.CompactFunc(nodes, sameNode)
	var b strings.Builder
	for _, n := range nodes {
		if !n.hasISCSIName() {
			continue
		}
		which := "iscsiadm -m node -T " + shellWord(n.Name) + " -p " + shellWord(n.portal()) + " -I " + shellWord(n.Iface)
		b.WriteString(which + " >/dev/null 2>&1 || " + which + " -o new\n")
	}
	return write(t.Stdout, []byte(b.String()))
}

// shellWord quotes a word for a POSIX shell where it needs that.
func shellWord(s string) string {
	plain := func(r rune) bool {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune(".,:_-", r)
	}
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
