package view_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/fleettest"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/view"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

// start is when all in a small fleet began.
var start = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

// A small fleet is written as a text: a line a host, its name and what it sees, as
// PORTAL=TARGETS, one letter each; PORTAL! is a portal that fails. A name with ? is of a host
// that is silent.
func small(t *testing.T, lines string, desired ...string) *view.View {
	t.Helper()
	v := &view.View{Revision: 1, AsOf: start, Hosts: map[string]*view.Host{}, Desired: map[initiator.Portal]*fleet.Portal{}}
	for line := range strings.Lines(lines) {
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		name, silent := strings.CutSuffix(words[0], "?")
		h := &view.Host{Name: name, Paths: map[fleet.Entry]*fleet.Path{}, Known: &fleet.Known{Host: name, First: start}}
		if silent {
			h.Known.SilentSince = start.Add(time.Hour)
		} else {
			h.Info = &fleet.Info{Host: name}
		}
		for _, w := range words[1:] {
			portal, names, up := strings.Cut(w, "=")
			p := &fleet.Path{Host: name, Up: up, Since: start}
			if up {
				a := fleettest.Answer(t, letters(names)...)
				p.Targets, p.Answer = a.Targets, a.Digest
			} else {
				portal = strings.TrimSuffix(portal, "!")
				p.Stage, p.Message = "connect", "refused"
			}
			portal, port, _ := strings.Cut(portal, "/")
			entry := fleettest.Entry(portal)
			entry.Instance = port
			h.Paths[entry] = p
		}
		v.Hosts[name] = h
	}
	for _, d := range desired {
		portal, hosts, _ := strings.Cut(d, "@")
		p := &fleet.Portal{Address: portal, TCPPort: 3260}
		if hosts != "" {
			p.Hosts = []string{hosts}
		}
		v.Desired[p.Key().Portal] = p
	}
	return v
}

func letters(names string) []string {
	all := strings.Split(names, "")
	for i := range all {
		all[i] = "iqn.2026-01.example:" + all[i]
	}
	return all
}

// answersOf returns the lists of all sets of targets a to e.
func answersOf(t *testing.T) func(fleet.Digest) ([]target.Target, error) {
	t.Helper()
	all := map[fleet.Digest][]target.Target{}
	for set := range 1 << 5 {
		var names []string
		for i, l := range []string{"a", "b", "c", "d", "e"} {
			if set&(1<<i) != 0 {
				names = append(names, letters(l)...)
			}
		}
		all[fleettest.Answer(t, names...).Digest] = fleettest.Targets(names...)
	}
	return func(d fleet.Digest) ([]target.Target, error) {
		targets, ok := all[d]
		if !ok {
			return nil, &view.MissingError{Digest: d}
		}
		return targets, nil
	}
}

// TestDiff tells differences as lines.
func TestDiff(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, fleet string
		desired     []string
		want        string
	}{
		{name: "nothing", want: ""},
		{name: "all the same", fleet: "x p=ab q!\n y p=ab", want: "q fails for x of 1, gone"},
		{name: "one sees fewer", fleet: "x p=abc\ny p=abc\nz p=ac", want: "p: z sees 2 of 3, 2 peers, lacks b"},
		{name: "one sees none", fleet: "x p=abc\ny p=abc\nz p=", want: "p: z sees 0 of 3, 2 peers, lacks a b c"},
		{name: "another access group", fleet: "x p=abc\ny p=abc\nz p=de", want: ""},
		{name: "another access group that shares a target", fleet: "x p=abc\ny p=abc\nz p=cd", want: ""},
		{name: "as many hosts see more", fleet: "x p=abc\nz p=a", want: ""},
		{name: "fewer hosts see more", fleet: "x p=abc\ny p=ab\nz p=ab", want: ""},
		{name: "two groups see less, one each of another", fleet: "r p=abc\ns p=abc\nt p=abc\nu p=de\nv p=de\nx p=ab\nz p=e", want: "p: x sees 2 of 3, 3 peers, lacks c\np: z sees 1 of 2, 2 peers, lacks d"},
		{name: "the largest group that sees more is the peer", fleet: "r p=ab\ns p=ab\nt p=ab\nu p=abc\nv p=abc\nx p=a", want: "p: x sees 1 of 2, 3 peers, lacks b"},
		{name: "a host that fails is not one that sees fewer", fleet: "x p=ab\ny p=ab\nz p!", want: "p fails for z of 3"},
		{name: "one port of a host fails", fleet: "x p/1=ab p/2!\ny p=ab", want: "p fails for x of 2"},
		{name: "one port of a host sees fewer", fleet: "x p/1=ab p/2=a\ny p=ab", want: "p: x sees 1 of 2, 2 peers, lacks b"},
		{name: "gone", fleet: "x p!\ny p!", want: "p fails for x y of 2, gone"},
		{name: "silent", fleet: "x p=ab\ny?\nz? p=a", want: "y is silent\nz is silent"},
		{name: "vanished", fleet: "x p=a q=a\ny p=a\nz?", desired: []string{"p", "q", "r@x*"}, want: "q is missing at y of 2\nr is missing at x of 1\nz is silent"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := told(view.Diff(small(t, tt.fleet, tt.desired...), answersOf(t))); got != tt.want {
				t.Errorf("got:\n%s\nwant:\n%s", got, tt.want)
			}
		})
	}
}

func told(d *view.Difference) string {
	var lines []string
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	for _, f := range d.Fewer {
		var hosts, lacks []string
		for _, p := range f.Paths {
			hosts = append(hosts, p.Host)
		}
		for _, l := range f.Lacks {
			lacks = append(lacks, l[len(l)-1:])
		}
		add("%s: %s sees %d of %d, %d peers, lacks %s", f.Portal.Address, strings.Join(hosts, " "), f.Targets, f.PeerSees, f.Peers, strings.Join(lacks, " "))
	}
	for _, f := range d.Failing {
		line := fmt.Sprintf("%s fails for %s of %d", f.Portal.Address, strings.Join(f.Failed, " "), f.Hosts)
		if f.Gone {
			line += ", gone"
		}
		if !f.Since.Equal(start) || len(f.Stages) != 1 || f.Stages[0].Stage != "connect" || f.Stages[0].Message != "refused" {
			line += fmt.Sprintf(" since %v at %v", f.Since, f.Stages)
		}
		lines = append(lines, line)
	}
	for _, m := range d.Missing {
		add("%s is missing at %s of %d", m.Portal.Address, strings.Join(m.Hosts, " "), m.Of)
	}
	for _, s := range d.Silent {
		add("%s is silent", s.Host)
	}
	for _, l := range d.Liars {
		add("%s lies: %s", l.Host, l.Why)
	}
	for _, u := range d.Unread {
		add("unread at %s: %v", u.Portal.Address, u.Err)
	}
	return strings.Join(lines, "\n")
}

// TestDiffLies: hosts that lie, and answers that nobody copied.
func TestDiffLies(t *testing.T) {
	t.Parallel()
	v := small(t, "x p=ab\ny p=ab\nz p=a\nliar p=abc\nu p=z\nw q=z r=y\nv q=y r=z")
	v.Hosts["liar"].Paths[fleettest.Entry("p")].Targets = 1000
	v.Hosts["x"].Known.Lie = "noted"
	got := told(view.Diff(v, answersOf(t)))
	for _, want := range []string{"p: z sees 1 of 2, 2 peers, lacks b", "liar lies: it says that p:3260 has 1000 targets; its answer has 3", "x lies: noted", "unread at p:"} {
		if !strings.Contains(got, want) {
			t.Errorf("got:\n%s\nwant %q in it", got, want)
		}
	}
	if n := strings.Count(got, "unread"); n != 2 {
		t.Errorf("got %d unread answers, want each of the two once:\n%s", n, got)
	}
}

// TestPortals groups what hosts see.
func TestPortals(t *testing.T) {
	t.Parallel()
	v := small(t, "a 192.0.2.10=ab 192.0.2.9=a\nb 192.0.2.10=ab\nc 192.0.2.10!\nd? 192.0.2.10=c\ne 192.0.2.10=a name=a", "192.0.2.11")
	v.Hosts["c"].Paths[fleettest.Entry("192.0.2.10")].Targets = 7 // of its last answer, which does not count
	var got []string
	for _, p := range v.Portals() {
		line := fmt.Sprintf("%s %d/%d", p.Portal.Address, p.Failing, p.Hosts)
		for _, g := range p.Groups {
			hosts := []string{}
			for _, path := range g.Paths {
				hosts = append(hosts, path.Host)
			}
			line += fmt.Sprintf(" %s:%v:%d", strings.Join(hosts, ""), g.Up, g.Hosts)
		}
		if p.Desired != nil {
			line += " desired"
		}
		got = append(got, line)
	}
	want := []string{
		"192.0.2.9 0/1 a:true:1",
		"192.0.2.10 1/4 ab:true:2 e:true:1 c:false:1",
		"192.0.2.11 0/0 desired",
		"name 0/1 e:true:1",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestDiffGrace: a host that has just begun, and one whose portal was just added, are not
// missed for two of their intervals; a clock that is far ahead hides nothing.
func TestDiffGrace(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name           string
		started, added time.Duration // before the view
		want           string
	}{
		{"long ago", time.Hour, time.Hour, "q is missing at y of 2"},
		{"a new host", 119 * time.Second, time.Hour, ""},
		{"a host that had its time", 2 * time.Minute, time.Hour, "q is missing at y of 2"},
		{"a new portal", time.Hour, 119 * time.Second, ""},
		{"a portal that had its time", time.Hour, 2 * time.Minute, "q is missing at y of 2"},
		{"clocks a little ahead", -time.Second, time.Hour, ""},
		{"clocks far ahead", -time.Hour, -time.Hour, "q is missing at y of 2"},
	} {
		v := small(t, "x p=a q=a\ny p=a", "q")
		for _, h := range v.Hosts {
			h.Info.Every, h.Info.Started = 60, v.AsOf.Add(-tt.started)
		}
		for _, p := range v.Desired {
			p.Changed = v.AsOf.Add(-tt.added)
		}
		if got := told(view.Diff(v, answersOf(t))); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
	v := small(t, "x p=a q=a\ny p=a", "q")
	v.Hosts["y"].Info.Every, v.Hosts["y"].Info.Started = 1e300, v.AsOf.Add(-3*time.Hour)
	if got := told(view.Diff(v, answersOf(t))); got == "" {
		t.Error("a host that tells an impossible interval is not missed")
	}
}
