package page

import (
	"html/template"
	"net/http"
	"slices"
	"strings"

	"github.com/go-iscsi/discovery/cmd/internal/paths"
	"github.com/go-iscsi/discovery/pkg/initiator/name"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// A targetView is the page at /target/NAME: the paths to one target.
type targetView struct {
	Name, Alias string
	Drawing     template.HTML // an SVG document; empty: there are no paths
	Paths       []pathRow
	Seen        int // of Paths
}

// A pathRow is one path to the target.
type pathRow struct {
	mark
	From, Portal, Link, Group, Why string
}

func (p *Page) target(f *frame, r *http.Request) (any, error) {
	f.Title = "Target " + visible(r.PathValue("name"))
	known, err := p.Source.Known(r.Context())
	if err != nil {
		return nil, err
	}
	t, err := find(known, r.PathValue("name"))
	if err != nil {
		return nil, err
	}
	pic := known.Picture(&t)
	v := targetView{Name: visible(pic.Name), Alias: visible(pic.Alias)}
	for i := range pic.Links {
		l := &pic.Links[i]
		place := &pic.Portals[l.Portal]
		row := pathRow{
			From:   visible(pic.Ports[l.Port].Label()),
			Portal: portalText(place.Portal),
			Link:   portalLink(place.Portal),
			Group:  groupText(pic, place.Group),
			Why:    visible(l.Why),
			mark:   markUnseen,
		}
		if l.Seen {
			row.mark = markUp
			v.Seen++
		}
		v.Paths = append(v.Paths, row)
	}
	slices.SortStableFunc(v.Paths, func(a, b pathRow) int { return strings.Compare(a.Class, b.Class) }) // those that are not seen first
	if len(pic.Links) > 0 {
		v.Drawing = template.HTML(pic.SVG()) // made of shapes and of texts that it has escaped itself
	}
	return v, nil
}

// groupText names the group of a portal.
func groupText(pic *paths.Picture, at int) string {
	if at < 0 {
		return "not advertised"
	}
	return paths.GroupText(pic.Groups[at])
}

// find returns the target of a name.
func find(known *paths.Known, text string) (registry.KnownTarget, error) {
	folded := name.Fold(text)
	var damaged error
	for t, err := range known.Targets {
		switch {
		case err != nil && (t.Name == "" || name.Fold(t.Name) == folded):
			damaged = err
		case err == nil && name.Fold(t.Name) == folded:
			return t, nil
		}
	}
	if damaged != nil {
		return registry.KnownTarget{}, damaged
	}
	return registry.KnownTarget{}, errNotFound
}
