package verbs

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"github.com/go-iscsi/discovery/cmd/discover/internal/manual"
	"github.com/go-iscsi/discovery/cmd/discover/internal/verb"
	"github.com/go-iscsi/discovery/cmd/internal/app"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/cmd/internal/paths"
	"github.com/go-iscsi/discovery/cmd/internal/render"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// formatSVG is the format that only this verb has.
const formatSVG = "svg"

// pathsFormats are the words of -o.
var pathsFormats = []string{render.FormatTable, render.FormatJSON, render.FormatJSONL, formatSVG}

// pathsVerb shows which port reaches which portal.
type pathsVerb struct {
	*refreshing
	target string // empty: the matrix of all paths
}

// paths returns the verb.
func (c *command) paths() *cobra.Command {
	p := &pathsVerb{refreshing: c.newRefreshing()}
	cmd := &cobra.Command{
		Use:               "paths [FLAGS] [TARGET]",
		Short:             "show which initiator port reaches which portal",
		Long:              manual.Paths,
		ValidArgsFunction: verb.CompleteFromRegistry(c.Command, verb.TargetNames),
		Args:              verb.TargetArguments(0, 1, "TARGET"),
		RunE: c.Answer(func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				p.target = args[0]
			}
			return p.with(cmd.Context(), p.show)
		}),
	}
	first := p.flagSet()
	first.VarP(flags.NewChoice(&c.Global.Output, "FORMAT", pathsFormats), "output", "o", "table (the default), json, jsonl or svg: a picture")
	c.AddFlags(cmd,
		flags.NewGroup("The picture", first),
		flags.NewGroup("The run of --refresh", p.run.FlagSet()))
	return cmd
}

// show shows what the registry knows of the paths.
func (p *pathsVerb) show(ctx context.Context, s *registry.Service) error {
	known, err := paths.Read(ctx, s)
	if err != nil {
		return err
	}
	if p.target != "" {
		return p.showTarget(ctx, s, known)
	}
	m := known.Matrix()
	if p.ForPeople() && len(m.Columns) == 0 && len(m.Unread) == 0 {
		p.Say("no portals in the registry %s; add one with discover portal add PORTAL", p.RegistryName())
	}
	l := p.NewListing("paths", "path")
	switch {
	case p.Global.Output == formatSVG:
		_, err = io.WriteString(p.Stdout, m.SVG())
	case p.ForPeople():
		if len(m.Columns) > 0 {
			err = p.text().Matrix(m)
		}
	default:
		for r := range m.Rows {
			for c := range m.Columns {
				if j := m.JSON(r, c); err == nil && j.State != "" {
					err = l.Item(j)
				}
			}
		}
	}
	return p.end(l, m.Unread, err)
}

// showTarget shows the paths that lead to a target.
func (p *pathsVerb) showTarget(ctx context.Context, s *registry.Service, known *paths.Known) error {
	target, err := s.TargetInformation(ctx, p.target, "")
	if err != nil {
		return err
	}
	picture := known.Picture(&target)
	l := p.NewListing("paths", "path")
	switch {
	case p.Global.Output == formatSVG:
		_, err = io.WriteString(p.Stdout, picture.SVG())
	case p.ForPeople():
		err = p.text().Picture(picture)
	default:
		for _, j := range picture.JSON() {
			if err == nil {
				err = l.Item(j)
			}
		}
	}
	return p.end(l, known.Unread, err)
}

// text returns what writes for people.
func (p *pathsVerb) text() *paths.Text {
	return &paths.Text{W: p.Stdout, Columns: p.Terminal(p.Stdout), ASCII: !p.IsUTF8()}
}

// end ends the answer. What could not be asked or read decides the exit status.
func (p *pathsVerb) end(l *render.Listing, unread []error, err error) error {
	if err != nil {
		return err
	}
	var each []error
	for _, err := range unread {
		each = append(each, app.EachUnread(err)...)
	}
	return app.Worse(p.EndListingWith(l, &p.failed, each), verb.Partly(p.asked, len(p.failed.All)))
}
