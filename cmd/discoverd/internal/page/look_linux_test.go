package page

import (
	"net/http/httptest"
	"net/url"
	"testing"
	"time"
)

// serve serves the pages of a plant.
func serve(t testing.TB, p *plant) string {
	t.Helper()
	server := httptest.NewServer((&Page{Source: p, Host: "db7.example", Now: func() time.Time { return noon }}).Handler())
	t.Cleanup(server.Close)
	return server.URL
}

// TestLooks opens each page in three states of the paths, light and dark.
func TestLooks(t *testing.T) {
	c := startChromium(t)
	target := targetLink("iqn.2010-06.com.example:array1.db-data3")
	for _, state := range []struct {
		name  string
		plant *plant
		pages map[string]string
	}{
		{"well", allWell(), map[string]string{"paths": "/", "events": "/events", "portals": "/portals"}},
		{"failures", failures(), map[string]string{
			"paths": "/", "events": "/events", "portals": "/portals", "targets": "/targets", "target": target,
			"portal": "/portal?" + url.Values{"portal": {"203.0.113.11:3260"}}.Encode(),
		}},
		{"many", many(), map[string]string{"paths": "/", "events": "/events", "portals": "/portals", "target": targetLink("iqn.2010-06.com.example:array3.volume7")}},
	} {
		at := serve(t, state.plant)
		for _, scheme := range []string{"light", "dark"} {
			tab := c.newTab(1280, scheme)
			for name, path := range state.pages {
				tab.open(at + path)
				tab.screenshot(state.name + "-" + name + "-" + scheme)
			}
		}
	}
}
