package page

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator/watch"
)

// maxLines is how many lines a timeline has: the portals that failed longest.
const maxLines = 200

// A timeline is the last day of each portal at which something happened.
type timeline struct {
	Lines  []timeLine
	Steady int // entries at which nothing happened
	More   int // lines beyond maxLines
	Hours  []string
}

// A timeLine is the last day of one entry.
type timeLine struct {
	mark                      // how it stands now
	Portal, From, Link, Label string
	Bars                      []bar
	Ticks                     []tick
	Failed                    string // for how long, and how often

	failed time.Duration
}

// A bar is a time during which an entry stood in one way, in minutes from the left.
type bar struct {
	Class    string
	X, Width string
}

// A tick is a change of an answer.
type tick struct{ X, Title string }

// newTimeline makes the timeline of events and of how entries stand now.
func newTimeline(events []watch.Event, states []watch.State, now time.Time) timeline {
	its := make(map[string][]*watch.Event)
	for i := range events {
		if events[i].Key.Portal.Address != "" && !events[i].ISNS {
			id := entryID(events[i].Key)
			its[id] = append(its[id], &events[i])
		}
	}
	var t timeline
	for i := range states {
		s := &states[i]
		mine := its[entryID(s.Key)]
		if s.Status == watch.Up && !slices.ContainsFunc(mine, func(e *watch.Event) bool { return e.Type != watch.Snapshot }) {
			t.Steady++
			continue
		}
		t.Lines = append(t.Lines, newTimeLine(mine, s, now))
	}
	slices.SortStableFunc(t.Lines, func(a, b timeLine) int { return cmp.Compare(b.failed, a.failed) })
	if len(t.Lines) > maxLines {
		t.More = len(t.Lines) - maxLines
		t.Lines = t.Lines[:maxLines]
	}
	for h := 24; h >= 0; h -= 6 {
		t.Hours = append(t.Hours, now.Add(time.Duration(-h)*time.Hour).Format("15:04"))
	}
	return t
}

// A period is a time during which an entry stood in one way.
type period struct {
	status   watch.Status
	from, to time.Time
}

// newTimeLine makes the line of one entry.
func newTimeLine(events []*watch.Event, s *watch.State, now time.Time) timeLine {
	line := timeLine{mark: markOfStatus(s.Status), Portal: portalText(s.Key.Portal), From: fromOf(s.Key, portOf(s)), Link: entryLink(s.Key)}
	begin := now.Add(-day)
	minutes := func(t time.Time) float64 { return t.Sub(begin).Minutes() }
	var words []string
	failures := 0
	for _, p := range periods(events, s, begin, now) {
		x, width := minutes(p.from), max(p.to.Sub(p.from).Minutes(), 4) // what was short is seen, too
		line.Bars = append(line.Bars, bar{Class: markOfStatus(p.status).Class, X: fmt.Sprintf("%.1f", min(x, day.Minutes()-width)), Width: fmt.Sprintf("%.1f", width)})
		if p.status == watch.Down {
			failures++
			line.failed += p.to.Sub(p.from)
			words = append(words, "failed from "+p.from.In(now.Location()).Format("15:04")+" for "+span(p.to.Sub(p.from)))
		}
	}
	for _, e := range events {
		switch e.Type {
		case watch.Snapshot, watch.PortalFailed, watch.PortalRecovered:
			continue
		}
		line.Ticks = append(line.Ticks, tick{X: fmt.Sprintf("%.1f", minutes(e.Time)), Title: stampOf(e.Time, now).Text + " " + visible(string(e.Type))})
	}
	if failures > 0 {
		line.Failed = span(line.failed)
		if failures > 1 {
			line.Failed += " in " + plural(failures, "failure")
		}
	}
	if n := len(line.Ticks); n > 0 {
		words = append(words, plural(n, "change"))
	}
	line.Label = strings.Join(append([]string{"now " + line.Word}, words...), "; ")
	return line
}

// periods says how an entry stood from begin to now.
func periods(events []*watch.Event, s *watch.State, begin, now time.Time) (all []period) {
	status, from := watch.Unknown, begin
	until := func(t time.Time, next watch.Status) {
		if t.After(from) {
			if n := len(all); n > 0 && all[n-1].status == status {
				all[n-1].to = t
			} else {
				all = append(all, period{status, from, t})
			}
			from = t
		}
		status = next
	}
	for i, e := range events {
		if i == 0 && e.Type != watch.Snapshot && e.Type != watch.PortalAdded {
			status = before(e)
		}
		switch {
		case e.Type == watch.PortalFailed, e.Type == watch.Snapshot && !e.Up:
			until(e.Time, watch.Down)
		case e.Type == watch.PortalRecovered, e.Type == watch.Snapshot:
			until(e.Time, watch.Up)
		case e.Type == watch.PortalRemoved:
			until(e.Time, watch.Unknown)
		}
	}
	if !s.Since.IsZero() && s.Since.After(from) && status != s.Status {
		until(s.Since, s.Status)
	}
	if len(events) == 0 && !s.Since.IsZero() {
		status = s.Status
	}
	until(now, s.Status)
	return all
}

// before says how an entry stood before the first event that is kept of it.
func before(e *watch.Event) watch.Status {
	switch e.Type {
	case watch.PortalRecovered:
		return watch.Down
	case watch.PortalFailed:
		if e.WasCode != 0 {
			return watch.Down
		}
	}
	return watch.Up
}
