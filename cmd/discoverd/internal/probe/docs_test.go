package probe

import (
	"os"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/go-iscsi/discovery/pkg/initiator"
)

// TestMetrics: those of a probe are as Prometheus wants them, and docs/guide/discoverd.md has
// each.
func TestMetrics(t *testing.T) {
	t.Parallel()
	reg := gather(&initiator.Result{Err: &initiator.Error{Stage: initiator.StageConnect}}, 1)
	problems, err := testutil.GatherAndLint(reg)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
	docs, err := os.ReadFile("../../../../docs/guide/discoverd.md")
	if err != nil {
		t.Fatal(err)
	}
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if !strings.Contains(string(docs), "| `"+f.GetName()+"` | gauge |") {
			t.Errorf("docs/guide/discoverd.md does not have %s", f.GetName())
		}
	}
	if len(families) != 6 {
		t.Errorf("there are %d metrics, want 6", len(families))
	}
}
