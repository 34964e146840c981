package verbs

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
)

// TestPowerShellExamples (issue 19, 6): each property that the examples of docs/windows.md
// read is in what the command of the example prints.
func TestPowerShellExamples(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../../../docs/windows.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(page), "### discover in PowerShell\n")
	section, _, _ = strings.Cut(section, "\n| PowerShell")
	var tested []string // names of properties
	for _, tt := range []struct {
		line string // of the page: how the command begins
		args []string
		has  []string // paths of properties, of which at least one object has each
		code int
	}{
		{"$answer = discover scan -o json 192.0.2.10 192.0.2.11 |", []string{"scan", "-o", "json", "192.0.2.10", "192.0.2.11"},
			[]string{"results", "results.portal", "results.status", "results.error.message", "results.targets.name", "results.targets.addresses.address", "results.targets.addresses.port"}, exit.Partly},
		{"(discover target list -o json |", []string{"target", "list", "-o", "json"}, []string{"targets", "targets.name", "targets.alias"}, exit.OK},
		{"(discover portal list -o json |", []string{"portal", "list", "-o", "json"}, []string{"portals", "portals.portal", "portals.instance", "portals.last_result.status"}, exit.OK},
		{"discover scan -o jsonl 192.0.2.0/24 |", []string{"scan", "-o", "jsonl", "192.0.2.10"}, []string{"type", "portal", "name"}, exit.OK},
	} {
		if !strings.Contains(section, "    "+tt.line) {
			t.Errorf("the page lacks %s", tt.line)
		}
		l := newLab(t)
		l.Portal("192.0.2.10:3260", twoTargets())
		discover := l.inDefaultRegistry(t)
		discover("portal", "add", "192.0.2.10")
		r := discover(tt.args...)
		if r.status != tt.code {
			t.Errorf("%v: got %+v", tt.args, r)
		}
		have := make(map[string]bool)
		for d := json.NewDecoder(strings.NewReader(r.stdout)); d.More(); {
			var v any
			if err := d.Decode(&v); err != nil {
				t.Fatalf("%v: %v", tt.args, err)
			}
			properties("", v, have)
		}
		for _, path := range tt.has {
			if !have[path] {
				t.Errorf("%v: the output has no %s: %s", tt.args, path, r.stdout)
			}
			tested = append(tested, strings.Split(path, ".")...)
		}
	}
	read := regexp.MustCompile(`\$(?:_|answer)\.[a-z_.]+|\]\.[a-z]+|Select-Object [a-z, ]+|Where-Object [a-z]+|ConvertFrom-Json\)\.[a-z]+`)
	names := regexp.MustCompile(`\b[a-z_]{2,}`)
	for _, part := range read.FindAllString(section, -1) {
		for _, name := range names.FindAllString(strings.TrimPrefix(part, "$answer"), -1) {
			if !slices.Contains(tested, name) {
				t.Errorf("the page reads %s (%s), which is not in this test", name, part)
			}
		}
	}
}

// properties collects the paths of all properties of a value.
func properties(path string, v any, have map[string]bool) {
	have[path] = true
	switch v := v.(type) {
	case map[string]any:
		for name, of := range v {
			properties(strings.TrimPrefix(path+"."+name, "."), of, have)
		}
	case []any:
		for _, of := range v {
			properties(path, of, have)
		}
	}
}
