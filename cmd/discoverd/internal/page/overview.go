package page

import (
	"net/http"

	"github.com/go-iscsi/discovery/pkg/initiator/name"
	"github.com/go-iscsi/discovery/pkg/initiator/watch"
)

// An overview is the page at /.
type overview struct {
	matrixView
	Targets int
	New     int // targets that appeared in the last day
	Unread  []string
	Changes []changeView
	More    bool // changes than these
	Shown   string
}

// shortList is how many changes the overview has.
const shortList = 12

func (p *Page) overview(f *frame, r *http.Request) (any, error) {
	f.Title = "Paths"
	known, err := p.Source.Known(r.Context())
	if err != nil {
		return nil, err
	}
	m := known.Matrix()
	events := p.Source.Events(f.now.Add(-day))
	v := overview{
		matrixView: newMatrixView(m, f.states, f, r.URL.Query().Has("all")),
		Targets:    m.Targets,
		New:        appeared(events),
		Unread:     errorTexts(m.Unread),
	}
	v.Changes, v.More = newChanges(events, f.now, shortList)
	return v, nil
}

// appeared counts the targets that appeared.
func appeared(events []watch.Event) int {
	names := make(map[string]bool)
	for i := range events {
		if events[i].Type == watch.TargetAppeared {
			names[name.Fold(events[i].Change.Target)] = true
		}
	}
	return len(names)
}

// errorTexts are errors for people, not too many.
func errorTexts(errs []error) (texts []string) {
	const most = 5
	for i, err := range errs {
		if i == most {
			return append(texts, plural(len(errs)-most, "further record")+" cannot be read")
		}
		texts = append(texts, visible(err.Error()))
	}
	return texts
}
