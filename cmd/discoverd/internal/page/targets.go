package page

import (
	"net/http"
	"net/url"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator/name"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// pageLen is how many rows a list has: further ones are on the next page.
const pageLen = 500

// A targetsView is the page at /targets.
type targetsView struct {
	Rows        []targetRow
	Aliases     bool     // a target has one
	Unread      []string // records that cannot be read
	First, Next string   // addresses of the first page and the next; empty: this is it, there is none
}

// A targetRow is one target.
type targetRow struct {
	mark
	targetName
	Alias   string
	Paths   int    // entries that show it
	Missing string // since when no entry shows it
}

func (p *Page) targets(f *frame, r *http.Request) (any, error) {
	f.Title = "Targets"
	after := r.URL.Query().Get("after")
	v := targetsView{}
	if after != "" {
		v.First = "/targets"
	}
	past := name.Fold(after)
	known, err := p.Source.Known(r.Context())
	if err != nil {
		return nil, err
	}
	for t, err := range known.Targets {
		if err != nil {
			v.Unread = append(v.Unread, visible(err.Error()))
			continue
		}
		if after != "" && name.Fold(t.Name) <= past {
			continue
		}
		if len(v.Rows) == pageLen {
			v.Next = "/targets?" + url.Values{"after": {after}}.Encode()
			break
		}
		v.Rows = append(v.Rows, newTargetRow(&t, f.now))
		v.Aliases = v.Aliases || t.Alias != ""
		if len(v.Rows) == pageLen {
			after = t.Name
		}
	}
	return v, nil
}

// newTargetRow says of a target which portals show it.
func newTargetRow(t *registry.KnownTarget, now time.Time) targetRow {
	row := targetRow{mark: markFew, targetName: targetName{visible(t.Name), targetLink(t.Name)}, Alias: visible(t.Alias)}
	var missing time.Time
	static := false
	for i := range t.Mechanisms {
		m := &t.Mechanisms[i]
		switch {
		case m.Static:
			static = true
		case m.MissingSince.IsZero() && !m.Stale:
			row.Paths++
		case m.MissingSince.After(missing):
			missing = m.MissingSince
		}
	}
	switch {
	case row.Paths > 0:
		row.mark = markUp
	case static:
		row.mark, row.Missing = markUnknown, "configured, at no portal"
	case missing.IsZero():
		row.Missing = "its portal is not in the registry"
	default:
		row.Missing = "missing since " + stampOf(missing, now).Text
	}
	return row
}
