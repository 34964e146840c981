package architecture

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
)

const items = 135 // of the checklist, and of what the RFCs about IPsec ask

// TestConformance: the table of docs/dev/conformance.md has each item once, a test
// for each that is done, and every test that it names exists.
func TestConformance(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..")
	table, err := os.ReadFile(filepath.Join(root, "docs", "dev", "conformance.md"))
	if err != nil {
		t.Fatal(err)
	}
	next := 1
	row := regexp.MustCompile(`(?m)^\| (\d+)(?: to (\d+))? \| [^|]+ \| (\w+)[^|]*\| ([^|]*)\|$`)
	named := regexp.MustCompile("`([\\w/]+_test\\.go):(\\w+)`")
	for _, m := range row.FindAllStringSubmatch(string(table), -1) {
		first, last := m[1], m[1]
		if m[2] != "" {
			last = m[2]
		}
		if first != strconv.Itoa(next) {
			t.Errorf("item %s, want %d", first, next)
		}
		n, err := strconv.Atoi(last)
		if err != nil {
			t.Fatal(err)
		}
		next = n + 1
		tests := named.FindAllStringSubmatch(m[4], -1)
		if done := m[3] != "no"; done != (len(tests) > 0) {
			t.Errorf("item %s: done %t, %d tests", first, done, len(tests))
		}
		for _, test := range tests {
			source, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(test[1])))
			if err != nil {
				t.Errorf("item %s: %v", first, err)
			} else if !regexp.MustCompile(`(?m)^func ` + test[2] + `\(`).Match(source) {
				t.Errorf("item %s: no %s in %s", first, test[2], test[1])
			}
		}
	}
	if next != items+1 {
		t.Errorf("the table ends before item %d, want all %d", next, items)
	}
}
