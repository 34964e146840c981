package fleetview

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/view"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

var now = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

// hostile is a text that a host may have written.
const hostile = "evil\x1b[2J\u202e<b>"

// newView returns a view in which hosts see answers at portals: "host portal answer", with
// "!" in the place of an answer where the portal fails.
func newView(t *testing.T, lines ...string) *view.View {
	t.Helper()
	v := &view.View{Revision: 7, AsOf: now.Add(-time.Second), Leader: "h1", Hosts: map[string]*view.Host{}, Desired: map[initiator.Portal]*fleet.Portal{}}
	for _, line := range lines {
		f := strings.Fields(line)
		h := v.Hosts[f[0]]
		if h == nil {
			h = &view.Host{Name: f[0], Info: &fleet.Info{Host: f[0], Started: now.Add(-time.Hour)}, Paths: map[fleet.Entry]*fleet.Path{}}
			v.Hosts[f[0]] = h
		}
		p := &fleet.Path{Host: f[0], Up: f[2] != "!", Since: now.Add(-10 * time.Minute), Stage: "login", Message: "login to " + f[1] + ":3260: " + hostile + "; remedy"}
		if p.Up {
			a, err := fleet.Encode(answers[f[2]])
			if err != nil {
				t.Fatal(err)
			}
			p.Answer, p.Targets = a.Digest, a.Targets
		}
		h.Paths[fleet.Entry{Key: initiator.Key{Portal: initiator.Portal{Address: f[1], Port: 3260}, Port: ports.All}}] = p
	}
	return v
}

// answers are what portals answer in these tests.
var answers = map[string][]target.Target{
	"two": {{Name: "iqn.x:a"}, {Name: "iqn.x:" + hostile}},
	"one": {{Name: "iqn.x:a"}},
}

var errNoList = errors.New("no list")

// answerOf returns the lists of some answers.
func answerOf(t *testing.T, names ...string) func(fleet.Digest) ([]target.Target, error) {
	t.Helper()
	lists := map[fleet.Digest][]target.Target{}
	for _, name := range names {
		a, err := fleet.Encode(answers[name])
		if err != nil {
			t.Fatal(err)
		}
		lists[a.Digest] = answers[name]
	}
	return func(d fleet.Digest) ([]target.Target, error) {
		if l, ok := lists[d]; ok {
			return l, nil
		}
		return nil, errNoList
	}
}

// TestTargets: each host counts once for a target, wherever it sees it.
func TestTargets(t *testing.T) {
	t.Parallel()
	v := newView(t, "h1 192.0.2.1 two", "h1 192.0.2.2 two", "h2 192.0.2.1 one", "h3 192.0.2.1 !", "h4 192.0.2.2 one")
	all, unread := Targets(v.Portals(), answerOf(t, "one", "two"))
	got := slices.Collect(all)
	if len(unread) > 0 {
		t.Errorf("got errors %v", unread)
	}
	var rows []string
	for i := range got {
		rows = append(rows, strings.Join(got[i].Row(), " | "))
	}
	want := []string{
		"iqn.x:a | 3 of 4 | 192.0.2.1:3260, 192.0.2.2:3260",
		"iqn.x:" + hostile + " | 1 of 4 | 192.0.2.1:3260, 192.0.2.2:3260",
	}
	if d := cmp.Diff(want, rows); d != "" {
		t.Errorf("want (-), got (+):\n%s", d)
	}
	all, unread = Targets(v.Portals(), answerOf(t, "one"))
	if got := slices.Collect(all); len(got) != 1 || got[0].Hosts != 2 || len(unread) != 2 || !errors.Is(unread[0], errNoList) {
		t.Errorf("without a list: got %v, errors %v", got, unread)
	}
	if want := "what 1 host saw at 192.0.2.1:3260 is not counted: no list"; len(unread) > 0 && unread[0].Error() != want {
		t.Errorf("got error %q, want %q", unread[0], want)
	}
}

// TestDifferences: the rows say what is wrong, with which hosts, and the JSON has no control
// characters.
func TestDifferences(t *testing.T) {
	t.Parallel()
	v := newView(t, "h1 192.0.2.1 two", "h2 192.0.2.1 two", "h3 192.0.2.1 one", "h1 192.0.2.2 !", "h2 192.0.2.2 !", "h3 192.0.2.3 !", "h1 192.0.2.3 one")
	v.Hosts["quiet"] = &view.Host{Name: "quiet", Known: &fleet.Known{SilentSince: now.Add(-2 * time.Hour), Paths: 4, Lie: "it lied: " + hostile, LieAt: now}}
	v.Hosts["h2"].Twins = map[string]*fleet.Twin{"x": {Host: "h2", ID: "id2", Version: "v2", InitiatorName: hostile, Started: now.Add(-time.Hour)}}
	for _, h := range []string{"h3", "h1"} {
		v.Hosts[h].Info = &fleet.Info{Host: h, InitiatorName: "iqn.x:" + hostile}
	}
	v.Odd = []view.Odd{{Key: "/k" + hostile, Host: "h1", Err: &fleet.NewerError{Schema: 9}}}
	v.Desired[initiator.Portal{Address: "192.0.2.2", Port: 3260}] = &fleet.Portal{Address: "192.0.2.2", TCPPort: 3260}
	all := Differences(view.Diff(v, answerOf(t, "one", "two")))
	var rows []string
	for i := range all {
		rows = append(rows, strings.Join(all[i].Row(now), " | "))
	}
	want := []string{
		KindGone + " | 192.0.2.2:3260 | all 2 | for 10m | 2 paths failed at login: " + hostile,
		KindFailing + " | 192.0.2.3:3260 | 1 of 2: h3 | for 10m | 1 path failed at login: " + hostile,
		KindFewer + " | 192.0.2.1:3260 | 1 of 3: h3 |  | 1 target; 2 hosts see 2; lacks iqn.x:" + hostile,
		KindMissing + " | 192.0.2.2:3260 | 1 of 3: h3 |  | config/ has it, and they do not",
		KindSilent + " |  | quiet | for 2h | it had 4 paths",
		KindTwice + " |  | h2 | for 1h | 1 other host with this name: discoverd v2 of " + hostile + ", its registry is id2",
		KindSame + " |  | h1, h3 |  | each logs in as iqn.x:" + hostile + ": a target takes them for one host",
		KindLie + " |  | quiet | for 0s | it lied: " + hostile,
		KindOdd + " |  | h1 |  | /k" + hostile + ": a newer version wrote it (schema 9; this one reads up to 1): update discover here",
	}
	if d := cmp.Diff(want, rows); d != "" {
		t.Errorf("want (-), got (+):\n%s", d)
	}
	wantCleanJSON(t, all)
	all = Differences(view.Diff(v, answerOf(t, "one")))
	if last := all[len(all)-1]; last.Kind != KindUnread || last.Message != "no list" {
		t.Errorf("got %+v, want an answer that was not read", last)
	}
}

// wantCleanJSON holds v to be written without control characters.
func wantCleanJSON(t *testing.T, v any) {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	if s := string(b); strings.ContainsAny(s, "\x1b\u202e") || !strings.Contains(s, `evil\u001b`) {
		t.Errorf("got %s", s)
	}
}

// TestHosts: those that need somebody come first.
func TestHosts(t *testing.T) {
	t.Parallel()
	v := newView(t, "b 192.0.2.1 one", "a 192.0.2.1 !")
	v.Hosts["silent"] = &view.Host{Name: "silent", Known: &fleet.Known{SilentSince: now.Add(-time.Minute), Paths: 2}}
	v.Hosts["newer"] = &view.Host{Name: "newer", Err: &fleet.NewerError{Schema: 9}}
	v.Hosts["bad"] = &view.Host{Name: "bad", Err: &fleet.RecordError{Why: "it is not JSON"}}
	v.Hosts["liar"] = &view.Host{Name: "liar", Info: &fleet.Info{Version: hostile, Unpublished: 1}, Known: &fleet.Known{Lie: hostile}}
	var rows []string
	var all []JSONFleetHost
	for _, h := range Hosts(v) {
		j := NewJSONFleetHost(h)
		all = append(all, j)
		rows = append(rows, strings.Join(j.Row(now), " | "))
	}
	want := []string{
		"liar | up |  | 0 of 0 up | " + hostile + " |  | published what is not true: " + hostile,
		"silent | silent | for 1m | had 2 |  |  | ",
		"bad | unreadable |  | 0 of 0 up |  |  | it is not JSON",
		"newer | newer |  | 0 of 0 up |  |  | a newer version wrote it (schema 9; this one reads up to 1): update discover here",
		"a | up | for 1h | 0 of 1 up |  |  | ",
		"b | up | for 1h | 1 of 1 up |  |  | ",
	}
	if d := cmp.Diff(want, rows); d != "" {
		t.Errorf("want (-), got (+):\n%s", d)
	}
	wantCleanJSON(t, all)
}

// TestNotes: what a view is not is said in lines without control characters.
func TestNotes(t *testing.T) {
	t.Parallel()
	v := newView(t, "h1 192.0.2.1 one")
	if got := Notes(v, now); len(got) != 0 {
		t.Errorf("got %q", got)
	}
	v.Full = true
	if !NewJSONFleetHead("prod", v).Full {
		t.Error("the JSON does not say that etcd is full")
	}
	if got := Notes(v, now); len(got) != 1 || !strings.HasPrefix(got[0], "etcd has no space left") {
		t.Errorf("got %q", got)
	}
	v.Full = false
	v.Stale, v.Err, v.Leader, v.OddCount = now.Add(-time.Minute), errors.New("gone "+hostile), "", 9
	for range 7 {
		v.Odd = append(v.Odd, view.Odd{Key: hostile, Err: &fleet.RecordError{Why: "it is no key of a fleet"}})
	}
	got := Notes(v, now)
	for i, want := range []string{"etcd does not answer since 2026-11-30T11:59:00Z: gone evil", "no host leads the fleet", "key ", "key ", "key ", "key ", "key ", "4 further keys in etcd are passed over"} {
		if i >= len(got) || !strings.HasPrefix(got[i], want) || strings.ContainsAny(got[i], "\x1b\u202e\n") {
			t.Errorf("line %d: got %q, want %q", i, got, want)
		}
	}
	if len(got) != 8 {
		t.Errorf("got %d lines, want 8: %q", len(got), got)
	}
	v.AsOf = time.Time{}
	if got := Notes(v, now); !strings.Contains(got[0], "etcd never answered") {
		t.Errorf("got %q", got[0])
	}
}

// TestEventText: each type has words of its own, on one line.
func TestEventText(t *testing.T) {
	t.Parallel()
	p := initiator.Portal{Address: "192.0.2.1", Port: 3260}
	for _, tt := range []struct {
		event view.Event
		want  string
	}{
		{view.Event{Type: view.HostAppeared, Host: "h"}, "h: host appeared"},
		{view.Event{Type: view.HostSilent, Host: "h", Paths: 1}, "h: host is silent; it had 1 path"},
		{view.Event{Type: view.HostBack, Host: "h", Since: now.Add(-time.Hour)}, "h: host is back after 1h"},
		{view.Event{Type: view.HostBack, Host: "h"}, "h: host is back"},
		{view.Event{Type: view.PortalFailed, Portal: p, Hosts: 4, Failing: 1, Host: "h", Reason: "login to 192.0.2.1:3260: no\n; do"}, `192.0.2.1:3260: failed for h, 1 of 4 hosts: no\x0a`},
		{view.Event{Type: view.PortalFailed, Portal: p, Hosts: 4, Failing: 2}, "192.0.2.1:3260: failed for 2 of 4 hosts"},
		{view.Event{Type: view.PortalFailed, Portal: p, Hosts: 4, Failing: 4, ISNS: true}, "iSNS server 192.0.2.1:3260: failed for all 4 hosts"},
		{view.Event{Type: view.PortalRecovered, Portal: p, Hosts: 1}, "192.0.2.1:3260: answers again for all of 1 host"},
		{view.Event{Type: view.TargetsFewer, Portal: p, Host: "h", Targets: 1, Before: 2}, "192.0.2.1:3260: h sees fewer targets, 1 instead of 2"},
		{view.Event{Type: view.TargetsFewer, Portal: p, Changed: 2, Hosts: 3, Targets: 1, Before: 2}, "192.0.2.1:3260: 2 of 3 hosts see fewer targets, 1 instead of 2"},
		{view.Event{Type: view.AnswerLie, Host: "h", Reason: "a: b; c:0: d"}, "h: published what is not true: a: b; c:0: d"},
		{view.Event{Type: view.LeaderChanged, Host: "h"}, "h: leads the fleet"},
		{view.Event{Type: view.LeaderChanged}, "no host leads the fleet"},
	} {
		tt.event.Time = now
		if got := EventText(&tt.event); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
		if got, want := EventLine(&tt.event), "2026-11-30T12:00:00Z "+tt.want+"\n"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		j := NewJSONFleetEvent(&tt.event, 3)
		if b, err := json.Marshal(j); err != nil || !strings.HasPrefix(string(b), fmt.Sprintf(`{"schema":1,"time":"2026-11-30T12:00:00Z","seq":3,"type":%q`, tt.event.Type)) {
			t.Errorf("got %s, %v", b, err)
		}
	}
}

// TestOnlyHost: of a portal what one host sees is left, and the view is not changed.
func TestOnlyHost(t *testing.T) {
	t.Parallel()
	v := newView(t, "h1 192.0.2.1 two", "h2 192.0.2.1 two", "h3 192.0.2.1 !")
	p := v.Portals()[0]
	for host, want := range map[string]string{"h1": "1 of 1 2 targets", "h3": "1 of 1 failed at login: " + hostile} {
		only, ok := OnlyHost(p, host)
		if rows := PortalRows(&only, now); !ok || len(rows) != 1 || rows[0][1]+" "+rows[0][2] != want || rows[0][4] != host {
			t.Errorf("%s: got %q, want %q", host, rows, want)
		}
	}
	if _, ok := OnlyHost(p, "h9"); ok {
		t.Error("a host sees what it does not have")
	}
	if rows := PortalRows(&p, now); len(rows) != 2 || rows[0][4] != "h1, h2" {
		t.Errorf("got %q", rows)
	}
	wantCleanJSON(t, NewJSONFleetPortal(&p))
}
