package page

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator/change"
	"github.com/go-iscsi/discovery/pkg/initiator/watch"
)

// serve serves the pages of a plant.
func served(t testing.TB, p *plant) string {
	t.Helper()
	server := httptest.NewServer((&Page{Source: p, Host: "db7.example", Now: func() time.Time { return noon }}).Handler())
	t.Cleanup(server.Close)
	return server.URL
}

// TestLooks opens each page in three states of the paths, light and dark: nothing is
// asked of anybody else, and the browser has nothing to complain of.
func TestLooks(t *testing.T) {
	c := startChromium(t)
	target := targetLink("iqn.2010-06.com.example:array1.db-data3")
	for _, state := range []struct {
		name  string
		plant *plant
		pages map[string]string
	}{
		{"well", allWell(), map[string]string{"paths": "/", "events": "/events"}},
		{"failures", failures(), map[string]string{
			"paths": "/", "events": "/events", "portals": "/portals", "targets": "/targets", "target": target,
			"portal": "/portal?" + url.Values{"portal": {"203.0.113.11:3260"}}.Encode(),
		}},
		{"many", many(), map[string]string{"paths": "/", "target": targetLink("iqn.2010-06.com.example:array3.volume7")}},
	} {
		at := served(t, state.plant)
		for _, scheme := range []string{"light", "dark"} {
			tab := c.newTab(1280, scheme)
			for name, path := range state.pages {
				tab.open(at + path)
				tab.screenshot(state.name + "-" + name + "-" + scheme)
			}
			tab.holdsOff(at)
		}
	}
}

// laidOut waits until the page has a width: on a busy machine that may be later than that it
// is loaded, and there is no event for it.
func (t *tab) laidOut() {
	t.t.Helper()
	for deadline := time.Now().Add(time.Minute); ; {
		var metrics struct{ CSSContentSize struct{ Width float64 } }
		if t.do("Page.getLayoutMetrics", nil, &metrics); metrics.CSSContentSize.Width > 0 {
			return
		}
		if time.Now().After(deadline) {
			t.t.Fatal("the page has no width after a minute")
		}
	}
}

// holdsOff asserts that the browser asked nobody but the server, and complained of nothing.
func (t *tab) holdsOff(at string) {
	t.t.Helper()
	asked := 0
	for _, params := range t.seen("Network.requestWillBeSent") {
		var r struct{ Request struct{ URL string } }
		if err := json.Unmarshal(params, &r); err != nil {
			t.t.Fatal(err)
		}
		switch u := r.Request.URL; {
		case strings.HasPrefix(u, at+"/"):
			asked++
		case u == "about:blank", u == "data:,", strings.HasPrefix(u, "http://127.0.0.1:"): // of a server before
		default:
			t.t.Errorf("the page asks for %q", u)
		}
	}
	if asked == 0 {
		t.t.Error("no request was seen")
	}
	for _, method := range []string{"Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown"} { // violations of the policy are in the log
		for _, params := range t.seen(method) {
			t.t.Errorf("%s: %s", method, params)
		}
	}
}

// TestRoles: what a screen reader has of the matrix and of a picture.
func TestRoles(t *testing.T) {
	c := startChromium(t)
	at := served(t, failures())
	tab := c.newTab(1280, "light")
	tab.open(at + "/")
	tree := tab.tree()
	for _, want := range []node{
		{"link", "Skip to the content"},
		{"navigation", "Pages"},
		{"heading", "Paths"},
		{"heading", "Which port reaches which portal · rows are ports of this host, columns are portals"},
		{"table", "Paths: rows are ports of this host, columns are portals"},
		{"columnheader", "203.0.113.11"},
		{"rowheader", "host/1eth1 203.0.113.2"},
		{"link", "host/1 to 203.0.113.11:3260: failed at login 0x0202"},
		{"link", "host/0 to 192.0.2.72:3260: fewer targets, 6 targets"},
		{"link", "host/0 to 198.51.100.10:3260: up, 16 targets"},
		{"table", "What changed in the last 24 hours, the newest first"},
	} {
		if !slices.Contains(tree, want) {
			t.Errorf("no %s %q among %q", want.Role, want.Name, ofRole(tree, want.Role))
		}
	}
	tab.open(at + targetLink("iqn.2010-06.com.example:array1.db-data3"))
	tree = tab.tree()
	if !slices.ContainsFunc(tree, func(n node) bool {
		return (n.Role == "image" || n.Role == "img") && strings.Contains(n.Name, "array1.db-data3")
	}) {
		t.Errorf("no picture with a name: %q", ofRole(tree, "image"))
	}
	if text := tab.text(); !strings.Contains(text, "no: failed at login") {
		t.Errorf("the path that is not seen is not in the text:\n%s", text)
	}
	tab.open(at + "/events")
	if tree = tab.tree(); !slices.ContainsFunc(tree, func(n node) bool { return strings.Contains(n.Name, "now failed; failed from 11:02 for 3 h 0 min") }) {
		t.Errorf("the timeline is not in words: %q", ofRole(tree, "image"))
	}
}

// ofRole returns the names of the nodes of a role.
func ofRole(tree []node, role string) (names []string) {
	for _, n := range tree {
		if n.Role == role {
			names = append(names, n.Name)
		}
	}
	return names
}

// TestKeyboard: the first key leads to the skip link, each cell is reached, and what has
// the focus can be seen.
func TestKeyboard(t *testing.T) {
	c := startChromium(t)
	tab := c.newTab(1280, "light")
	tab.open(served(t, failures()) + "/")
	var visited []string
	for range 60 {
		tab.press("Tab", 9)
		var root struct {
			Nodes []struct {
				Ignored    bool
				Name       struct{ Value any }
				Properties []struct {
					Name  string
					Value struct{ Value any }
				}
			}
		}
		tab.do("Accessibility.getFullAXTree", nil, &root)
		for _, n := range root.Nodes {
			for _, p := range n.Properties {
				if p.Name == "focused" && p.Value.Value == true && !n.Ignored {
					visited = append(visited, fmt.Sprint(n.Name.Value))
				}
			}
		}
		if slices.Contains(visited, "host/1 to 203.0.113.11:3260: failed at login 0x0202") {
			break
		}
	}
	for _, want := range []string{"Skip to the content", "Targets", "host/0 to 198.51.100.10:3260: up, 16 targets", "host/1 to 203.0.113.11:3260: failed at login 0x0202"} {
		if !slices.Contains(visited, want) {
			t.Errorf("Tab does not lead to %q, but to %q", want, visited)
		}
	}
	tab.screenshot("focus")
}

// hostileNames are texts that a target may send as its name, or that somebody got into the
// registry.
var hostileNames = []string{
	"iqn.2026-11.com.example:<script>document.title='owned'</script>",
	`iqn.2026-11.com.example:"onmouseover="document.title='owned'`,
	"iqn.2026-11.com.example:'><img src=http://192.0.2.1/x onerror=document.title=1>",
	"iqn.2026-11.com.example:\u202egnp.exe",
	"iqn.2026-11.com.example:zero\u200bwidth\ufeff",
	"iqn.2026-11.com.example:שלום",
	"iqn.2026-11.com.example:../../events?x=1#y%2f",
	"iqn.2026-11.com.example:{{.Host}}]]>--></svg></style>",
	"iqn.2026-11.com.example:" + strings.Repeat("w", 199),
	"iqn.2026-11.com.example:\x1b[31mred\x00",
}

// TestHostileNames: whatever a name is, it is text, can be seen, and has its page.
func TestHostileNames(t *testing.T) {
	c := startChromium(t)
	p := newPlant()
	p.port("eth0", "198.51.100.2")
	key := p.entry(0, "198.51.100.10", nil, hostileNames...)
	for i, name := range hostileNames {
		p.targets[name].Alias = name
		p.happened(time.Duration(100-i)*time.Minute, key, watch.Event{Type: watch.TargetAppeared, Change: change.Change{Target: name}})
	}
	p.portals[0].Portal.SymbolicName, p.states[0].SymbolicName = hostileNames[0], hostileNames[0]
	p.portals[0].Last.Message = hostileNames[1]
	at := served(t, p)
	tab := c.newTab(1000, "light")
	tab.do("Emulation.setScriptExecutionDisabled", map[string]any{"value": false}, nil) // the policy holds without that, too
	pages := []string{"/", "/targets", "/events", "/portals", "/portal?portal=198.51.100.10%3A3260"}
	for _, path := range pages {
		tab.open(at + path)
		text := tab.text()
		for _, name := range hostileNames {
			if path != "/" && path != "/portals" && !strings.Contains(strings.ReplaceAll(text, "\n", ""), visible(name)) {
				t.Errorf("%s does not show %q", path, visible(name))
			}
		}
		if strings.ContainsAny(text, "\u202e\u200b\ufeff\x1b") {
			t.Errorf("%s shows what cannot be seen", path)
		}
	}
	tab.open(at + "/targets")
	tab.screenshot("hostile-targets")
	for _, name := range hostileNames {
		tab.open(at + targetLink(name))
		if tree := tab.tree(); !slices.Contains(tree, node{"heading", visible(name) + " · " + visible(name)}) {
			t.Errorf("the page of %q has the headings %q", name, ofRole(tree, "heading"))
		}
		if title := tab.tree()[0].Name; strings.HasPrefix(title, "owned") || !strings.HasSuffix(title, "· db7.example") {
			t.Errorf("the page of %q has the title %q", name, title)
		}
	}
	tab.screenshot("hostile-target")
	tab.holdsOff(at)
}

// TestPrint: on paper there is no navigation, and nothing is cut off.
func TestPrint(t *testing.T) {
	c := startChromium(t)
	at := served(t, many())
	tab := c.newTab(1000, "dark")
	tab.open(at + "/")
	tab.do("Emulation.setEmulatedMedia", map[string]any{"media": "print"}, nil)
	if tree := tab.tree(); slices.Contains(tree, node{"navigation", "Pages"}) {
		t.Error("the navigation is printed")
	}
	tab.screenshot("print")
	var pdf struct{ Data string }
	tab.do("Page.printToPDF", map[string]any{"landscape": true}, &pdf)
	if len(pdf.Data) < 10_000 {
		t.Errorf("a PDF of %d characters", len(pdf.Data))
	}
}

// TestNarrow: on a telephone the page itself does not scroll sideways.
func TestNarrow(t *testing.T) {
	c := startChromium(t)
	at := served(t, failures())
	tab := c.newTab(390, "light")
	for name, path := range map[string]string{"paths": "/", "target": targetLink("iqn.2010-06.com.example:array1.db-data3"), "events": "/events", "portals": "/portals"} {
		tab.open(at + path)
		var metrics struct{ CSSContentSize struct{ Width float64 } }
		tab.do("Page.getLayoutMetrics", nil, &metrics)
		if metrics.CSSContentSize.Width > 391 {
			t.Errorf("%s is %v pixels wide, want 390", path, metrics.CSSContentSize.Width)
		}
		tab.screenshot("narrow-" + name)
	}
}
