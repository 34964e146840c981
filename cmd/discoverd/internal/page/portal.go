package page

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/go-iscsi/discovery/cmd/internal/paths"
	"github.com/go-iscsi/discovery/cmd/internal/render"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/watch"
)

// A portalView is the page at /portal: what one portal answers, from each port that asks it.
type portalView struct {
	Portal, Label string
	Entries       []entryView
}

// An entryView is the answer to one entry.
type entryView struct {
	stateRow
	Failure *failure
	Facts   []fact
	Targets []targetRow
	More    bool // targets than these
	Changes []changeView
}

// A fact is a line of an entryView.
type fact struct{ Name, Value string }

func (p *Page) portal(f *frame, r *http.Request) (any, error) {
	q := r.URL.Query()
	f.Title = "Portal " + visible(q.Get("portal"))
	v := portalView{Portal: visible(q.Get("portal"))}
	events := p.Source.Events(f.now.Add(-day))
	var keys []initiator.Key
	for i := range f.states {
		s := &f.states[i]
		if !linksTo(q, s.Key) {
			continue
		}
		keys = append(keys, s.Key)
		v.Label = visible(s.SymbolicName)
		e := entryView{stateRow: newStateRow(s, f.now), Facts: entryFacts(s, f.now)}
		if s.Last != nil && s.Last.Err != nil {
			e.Failure = newFailure(s.Last.Err)
		}
		e.Changes, _ = newChanges(eventsOf(events, s.Key), f.now, shortList)
		v.Entries = append(v.Entries, e)
	}
	if len(v.Entries) == 0 {
		return nil, errNotFound
	}
	known, err := p.Source.Known(r.Context())
	if err != nil {
		return nil, err
	}
	v.addTargets(known, keys, f.now)
	v.addStored(known, keys)
	return v, nil
}

// addTargets gives each entry the targets that it shows.
func (v *portalView) addTargets(known *paths.Known, keys []initiator.Key, now time.Time) {
	for t, err := range known.Targets {
		if err != nil {
			continue // the page of all targets has it
		}
		for i, key := range keys {
			for _, m := range t.Mechanisms {
				if m.Static || !m.Portal.Same(key) {
					continue
				}
				e := &v.Entries[i]
				if len(e.Targets) == pageLen {
					e.More = true
					continue
				}
				row := targetRow{mark: markUp, targetName: targetName{visible(t.Name), targetLink(t.Name)}, Alias: addressesText(m.Addresses)}
				if e.mark == markFailed {
					row.mark = markUnseen
				}
				if !m.MissingSince.IsZero() {
					row.mark, row.Missing = markFew, "missing since "+stampOf(m.MissingSince, now).Text
				}
				e.Targets = append(e.Targets, row)
			}
		}
	}
}

// addStored tells the last failure as the registry has it where the watch has not asked yet.
func (v *portalView) addStored(known *paths.Known, keys []initiator.Key) {
	for i := range v.Entries {
		e := &v.Entries[i]
		if e.Failure != nil || e.mark != markFailed {
			continue
		}
		for n := range known.Portals {
			if stored := &known.Portals[n]; stored.Key().Same(keys[i]) && stored.Last.Message != "" {
				e.Failure = &failure{Stage: stored.Last.Stage, Code: isdsc.Name(stored.Last.Code), Message: visible(stored.Last.Message)}
			}
		}
	}
}

func eventsOf(events []watch.Event, key initiator.Key) (its []watch.Event) {
	for i := range events {
		if events[i].Key.Same(key) {
			its = append(its, events[i])
		}
	}
	return its
}

// entryFacts lists what is known of an entry.
func entryFacts(s *watch.State, now time.Time) (facts []fact) {
	add := func(name, value string) {
		if value != "" {
			facts = append(facts, fact{name, visible(value)})
		}
	}
	ago := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return stampOf(t, now).Text + ", " + span(now.Sub(t)) + " ago"
	}
	add("Asked last", ago(s.LastAttempt))
	add("Answered last", ago(s.LastOK))
	add("Failing since", ago(s.FailingSince))
	if s.Failures > 1 {
		add("Failures in a row", fmt.Sprint(s.Failures))
	}
	add("Asked next", nextText(s, now))
	r := s.Last
	if r == nil {
		return facts
	}
	add("From", strings.TrimSpace(r.InitiatorPort.Interface+" "+addrText(r)))
	if r.Address.IsValid() && r.Address.String() != s.Key.Portal.String() {
		add("Address", r.Address.String())
	}
	add("As", r.InitiatorName)
	if r.Auth.Done {
		how := r.Auth.Method + " " + r.Auth.Algorithm.String()
		if r.Auth.Mutual {
			how += ", mutual"
		}
		add("Authentication", how)
	}
	if r.IPsec.IPsec {
		add("IPsec", r.IPsec.Origin.String())
		if r.Proof != nil {
			add("Protected by", render.ProofText(r.Proof))
		}
	}
	for _, d := range r.Redirects {
		add("Redirected", d.From.String()+" to "+d.To.String())
	}
	for _, w := range r.Warnings {
		add("Warning", w.Message)
	}
	add("Took", phasesText(r))
	return facts
}

func addrText(r *initiator.Result) string {
	if !r.Source.IsValid() {
		return ""
	}
	return r.Source.String()
}

// phasesText says how long an attempt took, and what of it.
func phasesText(r *initiator.Result) string {
	if r.Elapsed == 0 {
		return ""
	}
	text := shortTime(r.Elapsed)
	sep := ": "
	for _, p := range []struct {
		name string
		took time.Duration
	}{{"resolve", r.Phases.Resolve}, {"secure", r.Phases.Secure}, {"connect", r.Phases.Connect}, {"login", r.Phases.Login}, {"discover", r.Phases.Discover}} {
		if p.took > 0 {
			text += sep + p.name + " " + shortTime(p.took)
			sep = ", "
		}
	}
	return text
}

// shortTime is a time of an attempt with three digits at most.
func shortTime(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return fmt.Sprintf("%d µs", d.Microseconds())
	case d < time.Second:
		return fmt.Sprintf("%.3g ms", float64(d)/float64(time.Millisecond))
	}
	return fmt.Sprintf("%.3g s", d.Seconds())
}
