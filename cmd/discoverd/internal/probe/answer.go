package probe

import (
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/common/expfmt"

	"github.com/go-iscsi/discovery/cmd/discoverd/internal/metrics"
	"github.com/go-iscsi/discovery/cmd/internal/terminal"
	"github.com/go-iscsi/discovery/pkg/initiator"
)

// gather returns the metrics of a probe, in a registry of their own.
func gather(r *initiator.Result, took time.Duration) *prometheus.Registry {
	reg := prometheus.NewRegistry()
	gauge := func(name, help string, value float64) {
		g := prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
		g.Set(value)
		reg.MustRegister(g)
	}
	success := 0.0
	if r.Err == nil {
		success = 1
	}
	gauge("probe_success", "Whether the portal answered.", success)
	gauge("probe_duration_seconds", "Time that the probe took.", took.Seconds())
	gauge("probe_iscsi_targets", "Targets that the portal listed.", float64(r.TargetsFound))
	gauge("probe_iscsi_redirects", "Redirections that the login followed.", float64(len(r.Redirects)))
	phases := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "probe_iscsi_phase_duration_seconds", Help: "Time that a phase of the probe took, all tries and hops together."}, []string{"phase"})
	for phase, took := range map[string]time.Duration{
		"resolve": r.Phases.Resolve, "secure": r.Phases.Secure, "connect": r.Phases.Connect, "login": r.Phases.Login, "discover": r.Phases.Discover,
	} {
		phases.WithLabelValues(phase).Set(took.Seconds())
	}
	reg.MustRegister(phases)
	if f := metrics.FailureOf(r.Err); f != nil {
		info := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "probe_iscsi_failure_info", Help: "Why the probe failed."}, []string{"stage", "code_name", "login_status"})
		info.WithLabelValues(f.Stage, f.CodeName, f.LoginStatus).Set(1)
		reg.MustRegister(info)
	}
	return reg
}

// answer writes the metrics of a probe, or, where trace is not nil, a log for people with
// the metrics at its end.
func answer(w http.ResponseWriter, r *http.Request, result *initiator.Result, took time.Duration, trace *limited) {
	reg := gather(result, took)
	if trace == nil {
		promhttp.HandlerFor(reg, promhttp.HandlerOpts{}).ServeHTTP(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	fmt.Fprintf(w, "probe of %s, %s\n\n", terminal.Visible(result.Asked.Portal.String()), took.Round(time.Millisecond/10))
	_, _ = w.Write(trace.Bytes())
	if trace.cut {
		fmt.Fprintf(w, "… and more than the %d bytes that a log keeps\n", maxLog)
	}
	outcome := fmt.Sprintf("%d targets", result.TargetsFound)
	if result.Err != nil {
		outcome = "failed: " + result.Err.Error()
	}
	fmt.Fprintf(w, "\n%s\n", terminal.Visible(outcome))
	for _, warning := range result.Warnings {
		fmt.Fprintf(w, "warning: %s\n", terminal.Visible(warning.Message))
	}
	fmt.Fprintln(w)
	writeText(w, reg)
}

// writeText writes metrics as a scrape in text has them.
func writeText(w io.Writer, reg *prometheus.Registry) {
	families, _ := reg.Gather() // gauges with values cannot fail
	for _, f := range families {
		_, _ = expfmt.MetricFamilyToText(w, f)
	}
}
