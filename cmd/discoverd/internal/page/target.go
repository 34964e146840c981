package page

import (
	"net/http"
	"strconv"

	"github.com/go-iscsi/discovery/cmd/internal/paths"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

// A targetView is the page at /target/NAME: the paths to one target.
type targetView struct {
	Name, Alias string
	Drawing     drawing
	Paths       []pathRow
	Seen        int // of Paths
}

// A pathRow is one path to the target.
type pathRow struct {
	mark
	From, Portal, Link, Group, Why string
}

func (p *Page) target(f *frame, r *http.Request) (any, error) {
	name := r.PathValue("name")
	f.Title = "Target " + visible(name)
	pic, err := p.Source.Picture(r.Context(), name)
	if err != nil {
		return nil, err
	}
	if pic == nil {
		return nil, errNotFound
	}
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
			mark:   markNoRoute,
		}
		if l.Seen {
			row.mark = markUp
			v.Seen++
		}
		v.Paths = append(v.Paths, row)
	}
	v.Drawing = newDrawing(pic)
	return v, nil
}

// groupText names a portal group.
func groupText(pic *paths.Picture, at int) string {
	switch {
	case at < 0:
		return "not advertised"
	case pic.Groups[at] == target.NoGroup:
		return "no group"
	}
	return "group " + strconv.Itoa(pic.Groups[at])
}
