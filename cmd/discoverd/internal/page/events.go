package page

import (
	"fmt"
	"net/http"
	"net/url"
	"sort"
	"strconv"
)

// An eventsView is the page at /events: the last day, as a timeline and as a list.
type eventsView struct {
	Timeline    timeline
	Changes     []changeView
	First, Next string // addresses of the first page and the next; empty: this is it, there is none
}

func (p *Page) events(f *frame, r *http.Request) (any, error) {
	f.Title = "Events"
	events := p.Source.Events(f.now.Add(-day))
	v := eventsView{}
	if s := r.URL.Query().Get("before"); s != "" {
		before, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%w: before is not a number", errBadQuery)
		}
		v.First = "/events"
		events = events[:sort.Search(len(events), func(i int) bool { return events[i].Seq >= before })]
	} else {
		v.Timeline = newTimeline(events, f.states, f.now)
	}
	var more bool
	if v.Changes, more = newChanges(events, f.now, pageLen); more {
		v.Next = "/events?" + url.Values{"before": {strconv.FormatUint(v.Changes[len(v.Changes)-1].first, 10)}}.Encode()
	}
	return v, nil
}
