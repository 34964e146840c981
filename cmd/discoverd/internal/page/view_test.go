package page

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/change"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
	"github.com/go-iscsi/discovery/pkg/initiator/watch"
)

func TestSpan(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Second: "0 s", 1400 * time.Millisecond: "1 s", 59 * time.Second: "59 s", time.Minute: "1 min", 118 * time.Second: "1 min 58 s",
		time.Hour: "1 h 0 min", 25*time.Hour + 30*time.Minute: "1 d 1 h",
	} {
		if got := span(d); got != want {
			t.Errorf("%v: got %q, want %q", d, got, want)
		}
	}
}

func TestStamp(t *testing.T) {
	for text, want := range map[string]string{"2026-11-29T09:15:02Z": "09:15:02", "2026-11-28T23:59:59Z": "28 Nov 23:59:59", "2025-12-01T00:00:00Z": "2025-12-01 00:00:00"} {
		at, _ := time.Parse(time.RFC3339, text)
		if got := stampOf(at, noon); got.Text != want || got.Machine != text {
			t.Errorf("%s: got %+v, want %q", text, got, want)
		}
	}
	if got := stampOf(time.Time{}, noon); got != (stamp{}) {
		t.Errorf("no time: got %+v", got)
	}
}

// TestSteadyLeftOut: of very many paths those are shown that are not as they should be.
func TestSteadyLeftOut(t *testing.T) {
	p := newPlant()
	for i := range 10 {
		p.port(fmt.Sprintf("eth%d", i), fmt.Sprintf("10.0.%d.2", i))
	}
	for portal := range 600 {
		for port := range 10 {
			var failed error
			if portal == 311 && port == 4 {
				failed = noConnection()
			}
			p.entry(port, fmt.Sprintf("10.1.%d.%d", portal/250, 1+portal%250), failed)
		}
	}
	body := get(t, p, "GET", "/").Body.String()
	for _, want := range []string{"599 portals of which all paths are up are left out", "10.1.1.62", `<a href="/?all=1">`} {
		if !strings.Contains(body, want) {
			t.Errorf("no %q", want)
		}
	}
	if n := strings.Count(body, "<td"); n > 100 {
		t.Errorf("%d cells", n)
	}
	if all := get(t, p, "GET", "/?all=1").Body.String(); strings.Count(all, `class="s ok"`) < 5999 {
		t.Error("not all are shown where all are asked for")
	}
}

// TestPeriods: how an entry stood is worked out from the events that are kept, and from
// how it stands now.
func TestPeriods(t *testing.T) {
	at := func(hours int) time.Time { return noon.Add(time.Duration(hours-24) * time.Hour) }
	event := func(hours int, kind watch.Type) *watch.Event { return &watch.Event{Type: kind, Time: at(hours)} }
	up := event(2, watch.Snapshot)
	up.Up = true
	other := event(3, watch.PortalFailed)
	other.WasCode = 7
	for _, tt := range []struct {
		name   string
		events []*watch.Event
		state  watch.State
		want   string
	}{
		{"nothing happened", nil, watch.State{Status: watch.Up, Since: at(-100)}, "up 0-24"},
		{"nothing is known", nil, watch.State{Status: watch.Unknown}, "unknown 0-24"},
		{"up since", nil, watch.State{Status: watch.Up, Since: at(6)}, "unknown 0-6 up 6-24"},
		{"the watch began", []*watch.Event{up}, watch.State{Status: watch.Up, Since: at(-50)}, "unknown 0-2 up 2-24"},
		{"failed and recovered", []*watch.Event{up, event(5, watch.PortalFailed), event(7, watch.PortalRecovered)}, watch.State{Status: watch.Up, Since: at(7)}, "unknown 0-2 up 2-5 down 5-7 up 7-24"},
		{"recovered", []*watch.Event{event(7, watch.PortalRecovered)}, watch.State{Status: watch.Up, Since: at(7)}, "down 0-7 up 7-24"},
		{"failed", []*watch.Event{event(7, watch.PortalFailed)}, watch.State{Status: watch.Down, Since: at(7)}, "up 0-7 down 7-24"},
		{"another cause", []*watch.Event{other}, watch.State{Status: watch.Down, Since: at(-3)}, "down 0-24"},
		{"fewer", []*watch.Event{event(20, watch.TargetVanished)}, watch.State{Status: watch.Few, Since: at(20)}, "up 0-20 few 20-24"},
	} {
		var got []string
		for _, p := range periods(tt.events, &tt.state, at(0), noon) {
			got = append(got, fmt.Sprintf("%s %v-%v", p.status, p.from.Sub(at(0)).Hours(), p.to.Sub(at(0)).Hours()))
		}
		if diff := cmp.Diff(tt.want, strings.Join(got, " ")); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
	}
}

// TestChangesTogether: what one answer did to many targets is one line.
func TestChangesTogether(t *testing.T) {
	p := failures()
	key := p.states[0].Key
	p.events = nil
	for i := range 1000 {
		p.happened(time.Minute, key, watch.Event{Type: watch.TargetVanished, Change: change.Change{Target: fmt.Sprintf("iqn.2010-06.com.example:t%d", i)}})
	}
	p.happened(time.Second, key, watch.Event{Type: watch.AuthChanged, Is: "CHAP with MD5", Was: ""})
	lines, more := newChanges(p.events, noon, 10)
	if len(lines) != 2 || more || len(lines[1].Targets) != 3 || lines[1].More != 997 || lines[1].Text != "no longer shows the 1000 targets" {
		t.Errorf("got %+v", lines)
	}
	if want := "authenticates in another way: CHAP with MD5, before: none"; lines[0].Text != want {
		t.Errorf("got %q, want %q", lines[0].Text, want)
	}
}

// TestSentences: each type of event has words, and its texts are escaped.
func TestSentences(t *testing.T) {
	hostile := "\u202e\x1b[2J<b>"
	for _, kind := range []watch.Type{watch.TargetAppeared, watch.TargetVanished, watch.TargetChanged, watch.PortalFailed, watch.PortalRecovered, watch.PortalAdded, watch.PortalRemoved,
		watch.PathLost, watch.PathFound, watch.AuthChanged, watch.RedirectChanged, watch.SourceChanged, watch.SourceFailed, watch.SourceRecovered} {
		e := watch.Event{Type: kind, Time: noon, Is: hostile, Was: hostile, Err: fmt.Errorf("it says %s", hostile), After: time.Minute,
			Change: change.Change{Target: hostile, AliasIs: hostile, Is: []target.Address{{Host: hostile, Port: 1}}}}
		e.Key = initiator.Key{Portal: initiator.Portal{Address: hostile, Port: 1}}
		v := newChange([]watch.Event{e}, noon)
		if v.Text == string(kind) || v.Symbol == "" {
			t.Errorf("%s has no words: %+v", kind, v)
		}
		for _, s := range []string{v.Text, v.After, v.Portal, v.From, v.Targets[0].Name} {
			if strings.ContainsAny(s, "\u202e\x1b") {
				t.Errorf("%s: %q", kind, s)
			}
		}
	}
}

// TestWatched: what is kept is bounded, and what a watch uses again is copied.
func TestWatched(t *testing.T) {
	var w Watched
	s := failures().states[0]
	s.Last.TargetsFound = 7
	w.Report(&s)
	s.Last.TargetsFound = 8
	if got := w.States(); len(got) != 1 || got[0].Last.TargetsFound != 7 {
		t.Errorf("got %+v", got)
	}
	for i := range 3*maxEvents + 5 {
		w.Add(watch.Event{Seq: uint64(i), Time: noon})
	}
	if got := w.Events(noon); len(got) != maxEvents || got[0].Seq != 2*maxEvents+5 || cap(w.events) > 4*maxEvents {
		t.Errorf("got %d events, the first %d, room for %d", len(got), got[0].Seq, cap(w.events))
	}
	w.Add(watch.Event{Seq: 99_999, Time: noon.Add(25 * time.Hour)})
	if got := w.Events(time.Time{}); len(got) != 1 {
		t.Errorf("got %d events of a day before, want none", len(got)-1)
	}
	s.Removed = true
	w.Report(&s)
	if got := w.States(); len(got) != 0 {
		t.Errorf("removed: got %+v", got)
	}
}

// TestFailure: a failure is told without the addresses that stand beside it.
func TestFailure(t *testing.T) {
	if got, want := newFailure(noConnection()).String(), " at connect: connection refused; check that the target listens on this port"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := newFailure(refusedLogin()).String(), " at login: target refused: authorization failure (0x0202); the target may not list this host's iSCSI name"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := newFailure(fmt.Errorf("odd\n")).String(), `: odd\x0a`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
