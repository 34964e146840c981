package prometheus

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/internal/need"
	"github.com/go-iscsi/discovery/test/netns"
	"github.com/go-iscsi/discovery/test/output"
	"github.com/go-iscsi/discovery/test/targets"
)

// start starts a process that ends with the test.
func start(t *testing.T, name string, args ...string) *output.Buffer {
	t.Helper()
	out := new(output.Buffer)
	cmd := exec.Command(name, args...)
	cmd.Stdout, cmd.Stderr = out, out
	p, err := (*netns.Namespace)(nil).Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.Kill()
		if t.Failed() {
			t.Logf("%s:\n%s", filepath.Base(name), out)
		}
	})
	return out
}

// freePort returns a free TCP port of 127.0.0.1.
func freePort(t *testing.T) string {
	t.Helper()
	port, err := targets.FreePort(nil, targets.Loopback()...)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint("127.0.0.1:", port)
}

// A server is a Prometheus.
type server struct {
	t   *testing.T
	url string
}

// ask asks Prometheus' API, and returns what is under data.
func (s *server) ask(path string, into any) error {
	resp, err := http.Get(s.url + path)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	answer := struct {
		Status string
		Data   any
	}{Data: into}
	if err := json.Unmarshal(b, &answer); err != nil || answer.Status != "success" {
		return fmt.Errorf("%v: %s", err, b)
	}
	return nil
}

// value waits until a query has one series with a value.
func (s *server) value(query, want string) {
	s.t.Helper()
	until(s.t, query+" is "+want, func() (bool, string) {
		var data struct {
			Result []struct {
				Metric map[string]string
				Value  [2]any
			}
		}
		if err := s.ask("/api/v1/query?query="+url.QueryEscape(query), &data); err != nil {
			return false, err.Error()
		}
		return len(data.Result) == 1 && data.Result[0].Value[1] == want, fmt.Sprintf("%+v", data.Result)
	})
}

// alert waits until an alert is in a state for a portal.
func (s *server) alert(name, portal, state string) {
	s.t.Helper()
	until(s.t, name+" is "+state, func() (bool, string) {
		var data struct {
			Alerts []struct {
				Labels map[string]string
				State  string
			}
		}
		if err := s.ask("/api/v1/alerts", &data); err != nil {
			return false, err.Error()
		}
		is := "inactive"
		for _, a := range data.Alerts {
			if a.Labels["alertname"] == name && a.Labels["portal"] == portal {
				is = a.State
			}
		}
		return is == state, fmt.Sprintf("%+v", data.Alerts)
	})
}

// startPrometheus starts Prometheus with our example, which asks more often here.
func startPrometheus(t *testing.T, discoverd string) *server {
	t.Helper()
	dir, at := t.TempDir(), freePort(t)
	config := strings.NewReplacer(
		"127.0.0.1:9876", discoverd, "scrape_interval: 30s", "scrape_interval: 1s", "scrape_timeout: 10s", "scrape_timeout: 1s",
		"evaluation_interval: 30s", "evaluation_interval: 1s", "refresh_interval: 1m", "refresh_interval: 1s",
	).Replace(read(t, filepath.Join(examples, "prometheus.yml")))
	write(t, filepath.Join(dir, "prometheus.yml"), config)
	rules := read(t, filepath.Join(examples, "iscsi.rules.yml"))
	write(t, filepath.Join(dir, "iscsi.rules.yml"), strings.ReplaceAll(rules, "for: 5m", "for: 2s"))
	start(t, need.Program(t, "prometheus"), "--config.file="+filepath.Join(dir, "prometheus.yml"), "--storage.tsdb.path="+filepath.Join(dir, "data"),
		"--web.listen-address="+at, "--log.level=warn")
	return &server{t: t, url: "http://" + at}
}

// TestPrometheus: Prometheus scrapes discoverd, finds the portals by /sd, probes them
// through our relabeling, and one alert fires when a portal goes away.
func TestPrometheus(t *testing.T) {
	t.Parallel()
	need.Program(t, "prometheus")
	stays := targets.StartGotgt(t, targets.GotgtConfig{Targets: targets.Names("stays", 3)})
	goes := targets.StartGotgt(t, targets.GotgtConfig{Targets: targets.Names("goes", 2)})
	registry := filepath.Join(t.TempDir(), "registry.db")
	for _, target := range []*targets.Target{stays, goes} {
		add := exec.Command(filepath.Join(binDir, "discover"), "portal", "add", "--registry", registry, "--symbolic-name", "array", target.Portals[0].String())
		if out, err := add.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	at := freePort(t)
	start(t, filepath.Join(binDir, "discoverd"), "--registry", registry, "--listen", at, "--every", "1s", "--now")
	s := startPrometheus(t, at)

	first, second := stays.Portals[0].String(), goes.Portals[0].String()
	s.value(`up{job="discoverd"}`, "1")
	s.value(fmt.Sprintf(`iscsi_discovery_up{portal=%q}`, first), "1")
	s.value(fmt.Sprintf(`iscsi_discovery_targets{portal=%q}`, second), "2")
	s.value(`count(iscsi_discovery_up)`, "2")
	s.value(fmt.Sprintf(`probe_success{job="iscsi-probe",portal=%q,instance=%q,module="array"}`, first, first), "1")
	s.value(fmt.Sprintf(`probe_iscsi_targets{portal=%q}`, first), "3")
	s.alert("ISCSIPortalSeesFewerTargets", second, "firing")
	s.alert("ISCSIPortalDown", second, "inactive")

	goes.Stop()
	s.value(fmt.Sprintf(`iscsi_discovery_up{portal=%q}`, second), "0")
	s.value(fmt.Sprintf(`iscsi_discovery_failure_info{portal=%q,stage="connect"}`, second), "1")
	s.value(fmt.Sprintf(`probe_success{portal=%q}`, second), "0")
	s.alert("ISCSIPortalDown", second, "firing")
	s.alert("ISCSIPortalDown", first, "inactive")
}
