package daemon

import (
	"fmt"
	"net/http"

	"github.com/go-iscsi/discovery/cmd/discoverd/internal/api"
	"github.com/go-iscsi/discovery/cmd/discoverd/internal/metrics"
	"github.com/go-iscsi/discovery/cmd/discoverd/internal/page"
	"github.com/go-iscsi/discovery/cmd/discoverd/internal/serve"
	"github.com/go-iscsi/discovery/cmd/internal/app"
)

// mux returns what answers which path.
func (d *daemon) mux() http.Handler {
	mux := http.NewServeMux()
	lists := api.NewLists(d.registry)
	mux.Handle("GET /metrics", metrics.Handler(metrics.NewRegistries(d.table, app.Version())))
	mux.Handle("GET /probe", d.prober)
	mux.Handle("GET /sd", serve.NewMaker(1).Handler(d.sd()))
	mux.HandleFunc("GET /api/v1/targets", lists.Targets)
	mux.HandleFunc("GET /api/v1/portals", lists.Portals)
	mux.HandleFunc("GET /api/v1/isns", lists.ISNS)
	mux.Handle("GET /api/v1/paths", serve.NewMaker(1).Handler(http.HandlerFunc(lists.Paths)))
	mux.Handle("GET /api/v1/events", api.NewEvents(d.journal, d.id))
	d.addFleet(mux)
	mux.HandleFunc("GET /-/healthy", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "healthy") })
	mux.HandleFunc("GET /-/ready", d.ready)
	reload := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		d.again()
		fmt.Fprintln(w, "the registry is read again")
	})
	mux.Handle("POST /-/reload", new(http.CrossOriginProtection).Handler(reload))  // a page of another site may not
	mux.HandleFunc("GET /-/reload", func(w http.ResponseWriter, _ *http.Request) { // else the page's / would have it
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "reload is a POST", http.StatusMethodNotAllowed)
	})
	name, _ := d.Hostname() // empty: the page names none
	p := &page.Page{Source: d, Host: name}
	if d.member != nil {
		p.Fleet = d.member.Reading
	}
	if d.shared != nil {
		p.Asker = d.otherAsker
	}
	mux.Handle("GET /", p.Handler())
	return mux
}

// addFleet adds what answers about the fleet, if the daemon is in one.
func (d *daemon) addFleet(mux *http.ServeMux) {
	if d.member == nil {
		return
	}
	f := api.Fleet{Source: d.member.Reading}
	one := serve.NewMaker(1) // each makes its whole answer in memory
	for path, h := range map[string]http.HandlerFunc{"hosts": f.Hosts, "paths": f.Paths, "diff": f.Diff, "scans": f.Scans, "events": f.Events} {
		mux.Handle("GET /api/v1/fleet/"+path, one.Handler(h))
	}
}

// ready answers whether the watch has begun and the registry can be read. One that stands by
// is ready, and says so.
func (d *daemon) ready(w http.ResponseWriter, _ *http.Request) {
	switch {
	case !d.table.Up():
		http.Error(w, "the registry cannot be read", http.StatusServiceUnavailable)
	case d.standsBy() && d.shared.now().undecided():
		http.Error(w, d.shared.now().text(), http.StatusServiceUnavailable)
	case d.standsBy():
		fmt.Fprintln(w, d.shared.now().text())
	case !d.hasBegun():
		http.Error(w, "the first round has not begun", http.StatusServiceUnavailable)
	default:
		fmt.Fprintln(w, "ready")
	}
}

func (d *daemon) hasBegun() bool {
	select {
	case <-d.begun:
		return true
	default:
		return false
	}
}
