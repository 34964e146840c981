package page

import (
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"
)

// topLine is what stands at the top of a page beside the host's name.
var topLine = regexp.MustCompile(`(?s)<p class="when">(.*?)</p>`)

// TestAsker: where another host asks the portals, the top of each page says so, and not when
// this host asked them. Nothing in what is said of the other host gets through.
func TestAsker(t *testing.T) {
	t.Parallel()
	other := "" // what Asker says
	p := &Page{Source: failures(), Host: "db7.example", Now: func() time.Time { return noon }, Asker: func() string { return other }}
	for _, tt := range []struct{ other, want, not string }{
		{"", `^asked [0-9a-z ]+ ago`, "evil"},
		{"evil\x1b[2J<b>", `^evil\\x1b\[2J&lt;b&gt;`, " ago"},
	} {
		other = tt.other
		for _, path := range []string{"/", "/targets", "/portals", "/events"} {
			w := httptest.NewRecorder()
			p.Handler().ServeHTTP(w, httptest.NewRequest("GET", path, nil))
			top := topLine.FindStringSubmatch(w.Body.String())
			if w.Code != 200 || top == nil {
				t.Fatalf("%s: got %d without the line at the top:\n%s", path, w.Code, w.Body)
			}
			if !regexp.MustCompile(tt.want).MatchString(top[1]) || strings.Contains(top[1], tt.not) {
				t.Errorf("%s, asker %q: got %q at the top, want %s and no %q", path, tt.other, top[1], tt.want, tt.not)
			}
		}
	}
}
