package page

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"html/template"
	"net/http"
	"time"

	"github.com/go-iscsi/discovery/cmd/discoverd/internal/serve"
	"github.com/go-iscsi/discovery/cmd/internal/paths"
)

// A Page makes the pages. Its fields are set before Handler is called.
type Page struct {
	Source Source
	Host   string           // the name of this host, which stands at the top
	Now    func() time.Time // nil: time.Now
	Fleet  FleetSource      // nil: this host is in no fleet, and there is no page of it
	Asker  func() string    // says that another host asks the portals, and which; empty: this one does. nil: always
}

// mostAtOnce is how many pages are made at once: one of a great registry takes a second
// of a processor, and a user with many browsers gets no more of it.
const mostAtOnce = 2

// refreshEvery is how often a browser asks for a page again.
const refreshEvery = 30 * time.Second

// policy is the Content-Security-Policy: a text that got through all escapes could still
// run, load and send nothing. The one style within a page is that of a target's picture,
// which is known by its hash.
func policy() string {
	sum := sha256.Sum256([]byte(paths.Style))
	return "default-src 'none'; style-src 'self' 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}

// errNotFound is the error of a page of something that does not exist.
var errNotFound = errors.New("not found")

// A maker makes what is special of a page: it fills in the frame, and returns what the
// template gets.
type maker func(*frame, *http.Request) (any, error)

// Handler returns the handler of the pages: of /, /targets, /target/NAME, /portals,
// /portal, /events, /fleet and /style.css.
func (p *Page) Handler() http.Handler {
	mux := http.NewServeMux()
	sum := sha256.Sum256(styleSheet)
	protect := func(h http.Header) { protect(h, policy()) }
	whole := serve.NewMaker(mostAtOnce)
	tag := hex.EncodeToString(sum[:8])
	for _, page := range []struct {
		pattern, template string
		make              maker
	}{
		{"/{$}", "overview", p.overview},
		{"/targets", "targets", p.targets},
		{"/target/{name}", "target", p.target},
		{"/portals", "portals", p.portals},
		{"/portal", "portal", p.portal},
		{"/events", "events", p.events},
		{"/fleet", "fleet", p.fleet},
	} {
		t := parse(page.template)
		mux.Handle("GET "+page.pattern, whole.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			text, status := page.make.answer(r, t, p.newFrame(r, page.template, tag))
			protect(w.Header())
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			w.Header().Set("Cache-Control", "no-store") // which paths a host has is for those alone who may ask
			w.WriteHeader(status)
			w.Write(text)
		})))
	}
	mux.HandleFunc("GET /style.css", func(w http.ResponseWriter, r *http.Request) {
		protect(w.Header())
		w.Header().Set("Content-Type", "text/css; charset=utf-8")
		w.Header().Set("Cache-Control", "no-cache")
		w.Header().Set("ETag", `"`+tag+`"`)
		http.ServeContent(w, r, "style.css", time.Time{}, bytes.NewReader(styleSheet))
	})
	return mux
}

// answer makes a page, and says with which status it is sent.
func (m maker) answer(r *http.Request, t *template.Template, f *frame) (text []byte, status int) {
	status = http.StatusOK
	view, err := m(f, r)
	switch {
	case errors.Is(err, errNotFound):
		status = http.StatusNotFound
	case errors.Is(err, errBadQuery):
		status = http.StatusBadRequest
		f.Error = visible(err.Error())
	case err != nil: // the registry cannot be read; the browser asks again
		status = http.StatusServiceUnavailable
		f.Error = visible(err.Error())
	}
	var b bytes.Buffer
	if err := t.Execute(&b, document{frame: f, View: view, NotFound: status == http.StatusNotFound}); err != nil {
		return []byte("the page cannot be made"), http.StatusInternalServerError // its text may be markup
	}
	return b.Bytes(), status
}

// protect says what a browser may do with what it gets.
func protect(h http.Header, policy string) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
}
