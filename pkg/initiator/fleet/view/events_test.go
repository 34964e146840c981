package view_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet/view"
)

// TestEvents tells what changes from one small fleet to the next, as lines.
func TestEvents(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, before, after, want string
	}{
		{"nothing", "x p=ab", "x p=ab", ""},
		{"appears", "x p=ab", "x p=ab\ny p=ab", "host-appeared y"},
		{"falls silent", "x p=ab\ny p=ab q=a", "x p=ab\ny?", "host-silent y, 2 paths, since 13:00"},
		{"falls silent, and no leader noted it", "x p=ab\ny p=ab", "x p=ab", "host-silent y, 1 paths"},
		{"comes back", "x p=ab\ny?", "x p=ab\ny p=ab", "host-back y, since 13:00"},
		{"is forgotten", "x p=ab\ny?", "x p=ab", ""},
		{"a silent host that fails when it is back", "x p=a\ny?", "x p=a\ny p!", "host-back y, since 13:00\nportal-failed p y: 1 new, 1 of 2: refused"},
		{"one of four fails", "w p=a\nx p=a\ny p=a\nz p=a", "w p=a\nx p=a\ny p=a\nz p!", "portal-failed p z: 1 new, 1 of 4: refused"},
		{"a second of five fails", "v p=a\nw p=a\nx p=a\ny p=a\nz p!", "v p=a\nw p=a\nx p=a\ny p!\nz p!", ""},
		{"half fail", "w p=a\nx p=a\ny p=a\nz p!", "w p=a\nx p=a\ny p!\nz p!", "portal-failed p y: 1 new, 2 of 4: refused"},
		{"all fail", "w p=a\nx p=a\ny p!\nz p!", "w p!\nx p!\ny p!\nz p!", "portal-failed p: 2 new, 4 of 4: refused"},
		{"all fail at once", "x p=a\ny p=a", "x p!\ny p!", "portal-failed p: 2 new, 2 of 2: refused"},
		{"some recover", "x p!\ny p!", "x p=a\ny p!", ""},
		{"all recovered", "w p=a\nx p=a\ny p!\nz p!", "w p=a\nx p=a\ny p=a\nz p=a", "portal-recovered p: 2 new, 0 of 4"},
		{"the one that fails is gone", "x p=a\ny p!", "x p=a\ny?", "host-silent y, 1 paths, since 13:00"},
		{"those that do not fail are gone", "w p=a\nx p=a\ny p=a\nz p!", "w?\nx?\ny?\nz p!", "host-silent w, 1 paths, since 13:00\nhost-silent x, 1 paths, since 13:00\nhost-silent y, 1 paths, since 13:00"},
		{"a portal is removed", "x p! q=a\ny p!", "x q=a\ny?", "host-silent y, 1 paths, since 13:00"},
		{"another port of a host fails", "x p/1! p/2=a", "x p/1! p/2!", ""},
		{"one sees fewer", "x p=abc\ny p=abc", "x p=abc\ny p=a", "targets-fewer p y: 1 new, 1 was 3"},
		{"all see fewer", "x p=abc\ny p=abc", "x p=ab\ny p=ab", "targets-fewer p: 2 new, 4 was 6"},
		{"more is no event", "x p=a", "x p=ab", ""},
		{"fewer at two portals by two ports", "x p/1=ab p/2=ab q=ab", "x p/1=a p/2=a q=a", "targets-fewer p x: 1 new, 2 was 4\ntargets-fewer q x: 1 new, 1 was 2"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			before, after := small(t, tt.before), small(t, tt.after)
			if got := lines(view.Events(before, after)); got != tt.want {
				t.Errorf("got:\n%s\nwant:\n%s", got, tt.want)
			}
			if got := lines(view.Events(after, after)); got != "" {
				t.Errorf("told again: %s", got)
			}
		})
	}
}

func lines(events []view.Event) string {
	var all []string
	for _, e := range events {
		line := string(e.Type)
		if e.Portal.Address != "" {
			line += " " + e.Portal.Address
		}
		if e.Host != "" {
			line += " " + e.Host
		}
		switch e.Type {
		case view.PortalFailed, view.PortalRecovered:
			line += fmt.Sprintf(": %d new, %d of %d", e.Changed, e.Failing, e.Hosts)
		case view.TargetsFewer:
			line += fmt.Sprintf(": %d new, %d was %d", e.Changed, e.Targets, e.Before)
		case view.HostSilent:
			line += fmt.Sprintf(", %d paths", e.Paths)
		}
		if e.Reason != "" {
			line += ": " + e.Reason
		}
		if !e.Since.IsZero() && !e.Since.Equal(start) {
			line += ", since " + e.Since.Format("15:04")
		}
		if e.Time.IsZero() {
			line += " at no time"
		}
		all = append(all, line)
	}
	return strings.Join(all, "\n")
}

// TestEventsOfLeader: what the leader notes, and who leads.
func TestEventsOfLeader(t *testing.T) {
	t.Parallel()
	before, after := small(t, "x p=a\ny p=a"), small(t, "x p=a\ny p=a")
	after.Leader = "x"
	after.Hosts["y"].Known.Lie, after.Hosts["y"].Known.LieAt = "it is another answer", start
	if got, want := lines(view.Events(before, after)), "leader-changed x\nanswer-lie y: it is another answer"; got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
	again := small(t, "x p=a\ny p=a")
	again.Leader = "x"
	again.Hosts["y"].Known.Lie, again.Hosts["y"].Known.LieAt = "it is another answer", start
	if got := lines(view.Events(after, again)); got != "" {
		t.Errorf("told again: %s", got)
	}
	first := &view.View{}
	if got := lines(view.Events(first, after)); got != "" {
		t.Errorf("the first view: got %s, want nothing", got)
	}
}

// TestTeller: how far a portal fails is told once, until it has recovered, however often hosts
// come and go meanwhile.
func TestTeller(t *testing.T) {
	t.Parallel()
	teller := view.NewTeller(small(t, "w p=a\nx p=a\ny p=a\nz p=a"))
	for i, step := range []struct{ fleet, want string }{
		{"w p=a\nx p=a\ny p=a\nz p!", "portal-failed p z: 1 new, 1 of 4: refused"},
		{"w p=a\nx p=a\ny p!\nz p!", "portal-failed p y: 1 new, 2 of 4: refused"},
		{"w p=a\nx p=a\ny p=a\nz p!", ""},
		{"w p=a\nx p!\ny p=a\nz p!", ""}, // half again
		{"w p!\nx p!\ny p!\nz p!", "portal-failed p: 2 new, 4 of 4: refused"},
		{"w p=a\nx p!\ny p!\nz p!", ""},
		{"w p!\nx p!\ny p!\nz p!", ""}, // all again
		{"w p=a\nx p=a\ny p=a\nz p=a", "portal-recovered p: 4 new, 0 of 4"},
		{"w p!\nx p=a\ny p=a\nz p=a", "portal-failed p w: 1 new, 1 of 4: refused"},
		{"w?\nx p=a\ny p=a\nz p=a", "host-silent w, 1 paths, since 13:00"}, // none fails any more
		{"w?\nx p!\ny p=a\nz p=a", "portal-failed p x: 1 new, 1 of 3: refused"},
	} {
		if got := lines(teller.Next(small(t, step.fleet))); got != step.want {
			t.Errorf("step %d: got:\n%s\nwant:\n%s", i, got, step.want)
		}
	}
}

// TestTellerRestart: what a host lacks after it was silent is told when it sees the portal again.
func TestTellerRestart(t *testing.T) {
	t.Parallel()
	teller := view.NewTeller(small(t, "x p=abc q=ab\ny p=abc"))
	for i, step := range []struct{ fleet, want string }{
		{"x p=abc q=ab\ny?", "host-silent y, 1 paths, since 13:00"},
		{"x p=abc q=ab\ny", "host-back y, since 13:00"},
		{"x p=abc q=ab\ny p!", "portal-failed p y: 1 new, 1 of 2: refused"},
		{"x p=abc q=ab\ny?", "host-silent y, 1 paths, since 13:00"},
		{"x?\ny p=ab", "host-silent x, 2 paths, since 13:00\nhost-back y, since 13:00\ntargets-fewer p y: 1 new, 2 was 3"},
		{"x?\ny p=a", "targets-fewer p y: 1 new, 1 was 2"}, // of what it sees since
		{"x p=abc q=a\ny p=a", "host-back x, since 13:00\ntargets-fewer q x: 1 new, 1 was 2"},
		{"x p=abc\ny p=a", ""},
		{"x p=abc\ny?", "host-silent y, 1 paths, since 13:00"},
		{"x p=abc", ""}, // y is forgotten
		{"x p=abc\ny p=", "host-appeared y"},
	} {
		if got := lines(teller.Next(small(t, step.fleet))); got != step.want {
			t.Errorf("step %d: got:\n%s\nwant:\n%s", i, got, step.want)
		}
	}
}
