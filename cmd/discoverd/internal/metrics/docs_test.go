package metrics

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestDocumentation: docs/guide/discoverd.md has each metric of the watch with its type and
// labels, and no other.
func TestDocumentation(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("../../../../docs/guide/discoverd.md")
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, m := range all {
		labels := strings.Join(m.labels, ", ")
		want = append(want, strings.Join(strings.Fields(fmt.Sprintf("| `%s` | %s | %s |", m.name, m.kind, labels)), " "))
	}
	got := regexp.MustCompile("(?m)^\\| `iscsi_discovery_.*$").FindAllString(string(b), -1)
	if a, b := strings.Join(got, "\n"), strings.Join(want, "\n"); a != b {
		t.Errorf("docs/guide/discoverd.md has\n%s\nwant\n%s", a, b)
	}
}
