package page

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func get(t *testing.T, p *plant, method, path string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	(&Page{Source: p, Host: "db7.example", Now: func() time.Time { return noon }}).Handler().ServeHTTP(w, httptest.NewRequest(method, path, nil))
	return w
}

// TestStatus: what is asked for wrongly, what is not known, and a registry that cannot be read.
func TestStatus(t *testing.T) {
	gone := failures()
	gone.err = errors.New("the registry /x/registry.db is locked <by> \u202eanother")
	for _, tt := range []struct {
		plant        *plant
		method, path string
		status       int
		want         string
	}{
		{failures(), "GET", "/", 200, "of 10 paths up"},
		{failures(), "HEAD", "/", 200, ""},
		{failures(), "POST", "/", 405, ""},
		{failures(), "GET", "/nothing", 404, ""},
		{failures(), "GET", "/target/iqn.2001-04.com.example:none", 404, "Nothing of this name is known here."},
		{failures(), "GET", "/portal?portal=192.0.2.99:3260", 404, "Nothing of this name is known here."},
		{failures(), "GET", "/portal", 404, ""},
		{failures(), "GET", "/portals?from=-1", 400, "from is not a number"},
		{failures(), "GET", "/portals?from=9999", 200, "First page"},
		{failures(), "GET", "/events?before=x", 400, "before is not a number"},
		{failures(), "GET", "/events?before=3", 200, "First page"},
		{failures(), "GET", "/targets?after=iqn.2010-06.com.example:lab", 200, "lab.scratch0"},
		{failures(), "GET", "/?refresh=off", 200, "Refresh each 30 s"},
		{newPlant(), "GET", "/", 200, "The registry has no portals yet."},
		{newPlant(), "GET", "/targets", 200, "No targets are known."},
		{newPlant(), "GET", "/portals", 200, "No portals are watched."},
		{newPlant(), "GET", "/events", 200, "Nothing."},
		{gone, "GET", "/", 503, `is locked &lt;by&gt; \u202eanother`},
		{gone, "GET", "/targets", 503, "is locked"},
		{gone, "GET", "/portals", 200, "203.0.113.11"}, // which the watch knows
		{gone, "GET", "/events", 200, "failed at login"},
	} {
		w := get(t, tt.plant, tt.method, tt.path)
		if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.want) {
			t.Errorf("%s %s: got %d, want %d with %q in\n%s", tt.method, tt.path, w.Code, tt.status, tt.want, w.Body)
		}
		if tt.method == "HEAD" {
			if w.Body.Len() > 0 || w.Header().Get("Content-Length") == "" {
				t.Errorf("HEAD %s: got %d bytes, and length %q", tt.path, w.Body.Len(), w.Header().Get("Content-Length"))
			}
			continue
		}
		if refreshes := strings.Contains(w.Body.String(), `http-equiv="refresh"`); w.Header().Get("Content-Type") == "text/html; charset=utf-8" && refreshes == strings.Contains(tt.path, "refresh=off") {
			t.Errorf("%s: the page refreshes: %t", tt.path, refreshes)
		}
	}
}

// TestHeaders: what a browser may do is said with each answer, and no page needs more.
func TestHeaders(t *testing.T) {
	attribute := regexp.MustCompile(`(?i)<script|\son\w+=|\sstyle=|<form|<iframe|<object|<base|javascript:`)
	for _, path := range []string{"/", "/targets", "/portals", "/events", "/target/iqn.2010-06.com.example:array1.db-data3", "/portal?portal=203.0.113.11:3260", "/style.css", "/target/none"} {
		w := get(t, failures(), "GET", path)
		h := w.Header()
		for name, want := range map[string]string{
			"Content-Security-Policy": "default-src 'none'; style-src 'self' 'sha256-",
			"X-Content-Type-Options":  "nosniff",
			"Referrer-Policy":         "no-referrer",
		} {
			if !strings.HasPrefix(h.Get(name), want) {
				t.Errorf("%s: %s is %q", path, name, h.Get(name))
			}
		}
		if policy := h.Get("Content-Security-Policy"); strings.Contains(policy, "unsafe") || !strings.Contains(policy, "frame-ancestors 'none'") {
			t.Errorf("%s: the policy is %q", path, policy)
		}
		if found := attribute.FindString(w.Body.String()); found != "" && path != "/style.css" {
			t.Errorf("%s has %q", path, found)
		}
	}
	w := httptest.NewRecorder()
	r := httptest.NewRequest("GET", "/style.css", nil)
	r.Header.Set("If-None-Match", get(t, failures(), "GET", "/style.css").Header().Get("ETag"))
	(&Page{Source: failures()}).Handler().ServeHTTP(w, r)
	if w.Code != http.StatusNotModified {
		t.Errorf("the sheet that the browser has: got %d, want 304", w.Code)
	}
}

// TestSlowBrowser: browsers that do not read keep nobody from a page.
func TestSlowBrowser(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := (&Page{Source: failures()}).Handler()
		release := make(chan struct{})
		for range 10 {
			go h.ServeHTTP(&stuck{httptest.NewRecorder(), release}, httptest.NewRequest("GET", "/", nil))
		}
		synctest.Wait()
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
		if w.Code != http.StatusOK {
			t.Errorf("got %d", w.Code)
		}
		close(release)
	})
}

// A stuck is a browser that does not read.
type stuck struct {
	http.ResponseWriter
	release chan struct{}
}

func (s *stuck) Write(b []byte) (int, error) { <-s.release; return len(b), nil }

// BenchmarkOverview makes the matrix of 500 paths.
func BenchmarkOverview(b *testing.B) {
	h := (&Page{Source: many(), Host: "db7.example", Now: func() time.Time { return noon }}).Handler()
	size := 0
	b.ReportAllocs()
	for b.Loop() {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
		size = w.Body.Len()
	}
	b.ReportMetric(float64(size), "bytes/page")
}
