package page

import (
	"net/http"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator/watch"
)

// A document is what a template gets.
type document struct {
	*frame
	View     any // of the page; nil: there is none
	NotFound bool
}

// A frame is what all pages have around them.
type frame struct {
	Section  string // the page's name in the navigation
	Title    string
	Host     string
	Tag      string // of the style sheet
	Refresh  int    // seconds until the browser asks again; 0: it does not
	Here     string // the page's own address, with its query
	Watching string // when portals were asked, and will be
	Error    string // why the page has nothing to show
	InFleet  bool   // there is a page of the fleet

	now    time.Time
	states []watch.State
}

// newFrame returns the frame of a page.
func (p *Page) newFrame(r *http.Request, section, tag string) *frame {
	f := &frame{Section: section, Host: visible(p.Host), Tag: tag, Here: r.URL.EscapedPath(), now: time.Now(), states: p.Source.States()}
	if p.Now != nil {
		f.now = p.Now()
	}
	q := r.URL.Query()
	if q.Get("refresh") != "off" {
		f.Refresh = int(refreshEvery / time.Second)
	}
	q.Del("refresh")
	if len(q) > 0 {
		f.Here += "?" + q.Encode()
	}
	f.InFleet = p.Fleet != nil
	f.Watching = watching(f.states, f.now)
	if p.Asker != nil {
		if other := p.Asker(); other != "" { // its states are not known here
			f.Watching = visible(other)
		}
	}
	return f
}

// Paused returns the address of the page that does not ask again by itself.
func (f *frame) Paused() string {
	if u := f.Here; len(u) > 0 && containsQuery(u) {
		return u + "&refresh=off"
	}
	return f.Here + "?refresh=off"
}

// watching says when the last attempt was, and when the next will be.
func watching(states []watch.State, now time.Time) string {
	var last, next time.Time
	asking := false
	for i := range states {
		s := &states[i]
		if s.LastAttempt.After(last) {
			last = s.LastAttempt
		}
		if !s.Next.IsZero() && (next.IsZero() || s.Next.Before(next)) {
			next = s.Next
		}
		asking = asking || s.Asking
	}
	text := "not asked yet"
	if !last.IsZero() {
		text = "asked " + span(now.Sub(last)) + " ago"
	}
	switch {
	case asking:
		text += " · asking now"
	case !next.IsZero() && next.After(now):
		text += " · next in " + span(next.Sub(now))
	case !next.IsZero():
		text += " · next now"
	case len(states) == 0:
		text = ""
	}
	return text
}
