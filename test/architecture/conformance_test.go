package architecture

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

const items = 135 // of the checklist, and of what the RFCs about IPsec ask

// TestConformance: the table of docs/conformance.md has each item once, a test
// for each that is done, and every test that it names exists.
func TestConformance(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..")
	table, err := os.ReadFile(filepath.Join(root, "docs", "conformance.md"))
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

// TestDocsNameTests: a test that the documents name for a promise exists.
func TestDocsNameTests(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..")
	exists := make(map[string]bool)
	function := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|Example)\w*)\(`)
	err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		for _, m := range function.FindAllSubmatch(source, -1) {
			exists[string(m[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	docs, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil || len(docs) == 0 {
		t.Fatal(docs, err)
	}
	for _, path := range docs {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile("`((?:Test|Fuzz)\\w+)`").FindAllSubmatch(text, -1) {
			if !exists[string(m[1])] {
				t.Errorf("%s: there is no %s", filepath.Base(path), m[1])
			}
		}
	}
}
