package metrics

import (
	"io"
	"net/http"
	"runtime"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/common/expfmt"

	"github.com/go-iscsi/discovery/cmd/discoverd/internal/serve"
)

// NewRegistries returns the registries of the daemon's metrics: one of each metric of the
// table, and one of the build and the process.
func NewRegistries(t *Table, version string) (list prometheus.Gatherers) {
	for _, m := range all {
		r := prometheus.NewRegistry()
		r.MustRegister(family{t, m})
		list = append(list, r)
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "discoverd_build_info", Help: "The version of discoverd, and of Go that it was built with.",
		ConstLabels: prometheus.Labels{"version": version, "goversion": runtime.Version()},
	})
	build.Set(1)
	r := prometheus.NewRegistry()
	r.MustRegister(build, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return append(list, r)
}

// Handler answers scrapes.
func Handler(list prometheus.Gatherers) http.Handler {
	return serve.NewMaker(1).Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		format := expfmt.NegotiateAccept(r.Header, expfmt.DefaultAcceptedFormats()...)
		w.Header().Set("Content-Type", string(format))
		if err := write(w, format, list); err != nil {
			http.Error(w, "the metrics cannot be gathered: "+err.Error(), http.StatusInternalServerError)
		}
	}))
}

// write writes the metrics, one registry at a time.
func write(out io.Writer, format expfmt.Format, list prometheus.Gatherers) error {
	encoder := expfmt.NewEncoder(out, format)
	for _, r := range list {
		families, err := r.Gather()
		if err != nil {
			return err
		}
		for _, f := range families {
			if err := encoder.Encode(f); err != nil {
				return err
			}
		}
	}
	return nil
}
