package prometheus

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/internal/need"
)

func promtool(t *testing.T, dir string, args ...string) {
	t.Helper()
	cmd := exec.Command(need.Program(t, "promtool"), args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestRules: the rules load, and mean what they say.
func TestRules(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "iscsi.rules.yml"), read(t, filepath.Join(examples, "iscsi.rules.yml")))
	write(t, filepath.Join(dir, "rules_test.yml"), read(t, "testdata/rules_test.yml"))
	promtool(t, dir, "check", "rules", "iscsi.rules.yml")
	promtool(t, dir, "test", "rules", "rules_test.yml")
	write(t, filepath.Join(dir, "prometheus.yml"), read(t, filepath.Join(examples, "prometheus.yml")))
	promtool(t, dir, "check", "config", "prometheus.yml")

	rules := read(t, filepath.Join(examples, "iscsi.rules.yml"))
	tests := read(t, "testdata/rules_test.yml")
	for _, m := range regexp.MustCompile(`(?m)- alert: (\S+)`).FindAllStringSubmatch(rules, -1) {
		if !strings.Contains(tests, "alertname: "+m[1]) {
			t.Errorf("the alert %s has no test", m[1])
		}
	}
	known(t, rules)
}

// A dashboard is what is checked of one.
type dashboard struct {
	Templating struct {
		List []struct {
			Name  string
			Query any
		}
	}
	Panels []struct {
		Title   string
		Targets []struct{ Expr string }
	}
}

// TestDashboard: each query of the dashboard is one that Prometheus understands.
func TestDashboard(t *testing.T) {
	t.Parallel()
	text := read(t, filepath.Join(examples, "grafana-dashboard.json"))
	var d dashboard
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		t.Fatal(err)
	}
	variables := strings.NewReplacer("$__rate_interval", "5m", "$job", "discoverd", "$portal", ".*")
	var rules strings.Builder
	rules.WriteString("groups:\n  - name: dashboard\n    rules:\n")
	n := 0
	for _, p := range d.Panels {
		if len(p.Targets) == 0 {
			t.Errorf("the panel %q asks nothing", p.Title)
		}
		for _, q := range p.Targets {
			expr := variables.Replace(q.Expr)
			if strings.Contains(expr, "$") {
				t.Errorf("%q: a variable is unknown: %s", p.Title, expr)
			}
			n++
			fmt.Fprintf(&rules, "      - record: query:%d\n        expr: %q\n", n, expr)
		}
	}
	if n == 0 {
		t.Fatal("the dashboard has no queries")
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "dashboard.yml"), rules.String())
	promtool(t, dir, "check", "rules", "dashboard.yml")
	known(t, text)
}

// known reports metrics in a text that the documentation has not.
func known(t *testing.T, text string) {
	t.Helper()
	docs := read(t, "../../docs/guide/discoverd.md")
	for _, name := range regexp.MustCompile(`\b(iscsi_discovery|discoverd|probe)_[a-z_]+`).FindAllString(text, -1) {
		for _, end := range []string{"_bucket", "_sum", "_count"} {
			name = strings.TrimSuffix(name, end)
		}
		if name != "probe_path" && !strings.Contains(docs, "`"+name+"`") {
			t.Errorf("there is no metric %s in docs/guide/discoverd.md", name)
		}
	}
}
