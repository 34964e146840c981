package page

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/view"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

// A fleetPlant is a FleetSource of tests.
type fleetPlant struct {
	view  *view.View
	lists map[fleet.Digest][]target.Target
}

func newFleetPlant() *fleetPlant {
	return &fleetPlant{
		view:  &view.View{Revision: 1, AsOf: noon, Leader: "h0", Hosts: map[string]*view.Host{}, Desired: map[initiator.Portal]*fleet.Portal{}},
		lists: map[fleet.Digest][]target.Target{},
	}
}

func (p *fleetPlant) Name() string { return "lab" }

func (p *fleetPlant) View(context.Context) *view.View { return p.view }

func (p *fleetPlant) Answer(_ context.Context, d fleet.Digest) ([]target.Target, error) {
	if l, ok := p.lists[d]; ok {
		return l, nil
	}
	return nil, &view.MissingError{Digest: d}
}

// see has a host see some targets at a portal; none: it fails there.
func (p *fleetPlant) see(host, portal string, names ...string) {
	h := p.view.Hosts[host]
	if h == nil {
		h = &view.Host{Name: host, Info: &fleet.Info{Host: host}, Paths: map[fleet.Entry]*fleet.Path{}}
		p.view.Hosts[host] = h
	}
	path := &fleet.Path{Host: host, Since: noon.Add(-time.Minute), Stage: "login", Message: "refused " + evil}
	if len(names) > 0 {
		var targets []target.Target
		for _, n := range names {
			targets = append(targets, target.Target{Name: n})
		}
		d := fleet.Digest(sha256.Sum256([]byte(strings.Join(names, "\n")))) // the readers of these tests do not check it
		p.lists[d] = targets
		path = &fleet.Path{Host: host, Up: true, Since: noon.Add(-time.Minute), Targets: len(names), Answer: d}
	}
	h.Paths[fleet.Entry{Key: initiator.Key{Portal: initiator.Portal{Address: portal, Port: 3260}, Port: ports.All}}] = path
}

// evil is what a host may have written.
const evil = "<script>alert(1)</script>\x1b[2J\u202e"

func getFleet(t *testing.T, source FleetSource, path string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	p := &Page{Source: newPlant(), Host: "db7.example", Now: func() time.Time { return noon }, Fleet: source}
	p.Handler().ServeHTTP(w, httptest.NewRequest("GET", path, nil))
	return w
}

// tags are the tags of a page.
var tags = regexp.MustCompile(`<[^>]*>`)

// TestFleetPage: hosts that see the same are one row, differences are told, and what hosts
// wrote is escaped.
func TestFleetPage(t *testing.T) {
	t.Parallel()
	p := newFleetPlant()
	for i := range 12 {
		p.see(fmt.Sprintf("h%d", i), "192.0.2.1", "iqn.x:a", "iqn.x:b"+evil)
		p.see(fmt.Sprintf("h%d", i), "192.0.2.2", "iqn.x:a")
	}
	p.see("few", "192.0.2.1", "iqn.x:a")
	p.see("bad", "192.0.2.1")
	p.view.Hosts["quiet"] = &view.Host{Name: "quiet", Known: &fleet.Known{SilentSince: noon.Add(-time.Hour), Paths: 2, Lie: "lied " + evil}}
	p.view.Odd, p.view.OddCount = []view.Odd{{Key: "/k" + evil, Err: &fleet.NewerError{Schema: 9}}}, 1
	p.view.Stale, p.view.Err, p.view.Leader = noon.Add(-time.Minute), errors.New("gone "+evil), ""
	w := getFleet(t, p, "/fleet")
	body := w.Body.String()
	if w.Code != 200 || strings.Contains(body, "<script") || strings.ContainsAny(body, "\x1b\u202e") {
		t.Fatalf("got %d:\n%s", w.Code, body)
	}
	text := strings.Join(strings.Fields(tags.ReplaceAllString(body, " ")), " ")
	for _, want := range []string{
		"Fleet lab", "etcd does not answer since 2026-11-29T14:01:30Z: gone &lt;script&gt;", "no host leads the fleet", "15 hosts", "1 silent", "2 portals",
		"12 hosts h0, h1, h10, h11, h2 and 7 more ● up 2 ● up 1", "1 host few ▲ fewer targets 1 of 2 – not there", "1 host bad ✕ failed login – not there",
		"portal-failing 192.0.2.1:3260 1 of 14: bad", "targets-fewer 192.0.2.1:3260 1 of 13: few", "host-silent quiet for 1h it had 2 paths", "answer-lie quiet", "key-unreadable",
		"192.0.2.1:3260 12 of 14 2 targets", "192.0.2.2:3260 12 of 12 1 target",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

// TestFleetPageBounded: a fleet of many different hosts makes a page of a bounded size.
func TestFleetPageBounded(t *testing.T) {
	t.Parallel()
	p := newFleetPlant()
	for i := range 300 {
		host := fmt.Sprintf("h%03d", i)
		for j := range 80 {
			p.see(host, fmt.Sprintf("192.0.2.%d", j), fmt.Sprintf("iqn.x:%d-%d", i, j))
		}
		p.view.Hosts[host+"s"] = &view.Host{Name: host + "s", Known: &fleet.Known{}}
	}
	body := getFleet(t, p, "/fleet").Body.String()
	if n := len(body); n > 1<<20 {
		t.Errorf("the page has %d bytes", n)
	}
	for _, want := range []string{"200 more: ", "240 further groups of hosts are left out", "56 portals are left out here", "280 further groups", `href="/fleet?from=50"`} {
		if !strings.Contains(body, want) {
			t.Errorf("no %q", want)
		}
	}
	next := getFleet(t, p, "/fleet?from=50").Body.String()
	if !strings.Contains(next, "192.0.2.79:3260") || strings.Contains(next, "from=100") || !strings.Contains(next, `href="/fleet">First page`) {
		t.Error("the second page of the list is not the rest")
	}
}

// TestFleetStatus: without a fleet there is no page of it, and one that cannot be read says
// why.
func TestFleetStatus(t *testing.T) {
	t.Parallel()
	unread := newFleetPlant()
	unread.view = &view.View{Err: errors.New("no way <there>")}
	never := newFleetPlant()
	never.view = nil
	for _, tt := range []struct {
		source FleetSource
		path   string
		status int
		want   string
	}{
		{nil, "/fleet", 404, "Nothing of this name"},
		{unread, "/fleet", 503, "the fleet cannot be read: no way &lt;there&gt;"},
		{never, "/fleet", 503, "the fleet was not read yet"},
		{newFleetPlant(), "/fleet", 200, "No portals are known."},
		{newFleetPlant(), "/fleet?from=x", 400, "from is not a number"},
		{newFleetPlant(), "/fleet?from=99", 200, "First page"},
		{newFleetPlant(), "/", 200, `<a href="/fleet">Fleet</a>`},
	} {
		w := getFleet(t, tt.source, tt.path)
		if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.want) {
			t.Errorf("%s: got %d, want %d with %q in\n%s", tt.path, w.Code, tt.status, tt.want, w.Body)
		}
	}
	if body := get(t, newPlant(), "GET", "/").Body.String(); strings.Contains(body, `href="/fleet"`) {
		t.Error("a host in no fleet links to the page of one")
	}
}

// TestFleetScans: shared scans that run are on the page, with nothing of what their names say.
func TestFleetScans(t *testing.T) {
	t.Parallel()
	source := newFleetPlant()
	if got := getFleet(t, source, "/fleet").Body.String(); strings.Contains(got, "Shared scans") {
		t.Error("the page has scans where none runs")
	}
	source.view.Scans = []view.Scan{{
		ID: "0123456789abcdef", Asker: "me" + evil, Started: noon.Add(-time.Minute), Portals: 254, Shards: 4, Read: 1, Asking: 2,
		Hosts: []string{"a", "b"}, Refused: []string{"liar" + evil},
	}}
	got := getFleet(t, source, "/fleet").Body.String()
	for _, want := range []string{"Shared scans", "1 of 4 shards, 2 under way", "2: a, b", "me&lt;script&gt;", "liar&lt;script&gt;"} {
		if !strings.Contains(got, want) {
			t.Errorf("the page does not have %q", want)
		}
	}
	if strings.Contains(got, "<script>") || strings.ContainsAny(got, "\x1b\u202e") {
		t.Error("the page has what a name says")
	}
}
