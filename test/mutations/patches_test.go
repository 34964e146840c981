// Package mutations holds the patches of scripts/mutate to the code and the documents.
package mutations

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestPatches: each patch of scripts/mutate applies to the code as it is, and says what it
// breaks, on which page that is promised, and which test the page names for it.
func TestPatches(t *testing.T) {
	t.Parallel()
	git, err := exec.LookPath("git")
	if err != nil {
		t.Skip(err)
	}
	patches, err := filepath.Glob("[0-9]*.patch")
	if err != nil || len(patches) == 0 {
		t.Fatal(patches, err)
	}
	root := filepath.Join("..", "..")
	table, err := os.ReadFile(filepath.Join(root, "docs", "dev", "mutations.md"))
	if err != nil {
		t.Fatal(err)
	}
	number := regexp.MustCompile(`^\d{3}-[a-z0-9-]+\.patch$`)
	seen := make(map[string]string)
	for _, path := range patches {
		if !number.MatchString(path) || seen[path[:3]] != "" {
			t.Errorf("%s: want a number of its own and a name, as 001-name.patch; %s", path, seen[path[:3]])
		}
		seen[path[:3]] = path
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		header, _, _ := strings.Cut(string(text), "\ndiff ")
		fields := make(map[string]string)
		for line := range strings.Lines(header) {
			key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
			fields[key] = value
		}
		if fields["Promise"] == "" || fields["Test"] == "" || fields["Page"] == "" {
			t.Errorf("%s: the header has %v, want Promise, Page and Test", path, fields)
			continue
		}
		page, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(fields["Page"])))
		if err != nil {
			t.Errorf("%s: %v", path, err)
		}
		folder, test, _ := strings.Cut(fields["Test"], ":")
		named := regexp.MustCompile("`" + regexp.QuoteMeta(folder) + `(/\w+_test\.go)?:` + regexp.QuoteMeta(test) + "`")
		if !named.Match(page) {
			t.Errorf("%s: %s does not name %s", path, fields["Page"], fields["Test"])
		}
		if name := strings.TrimSuffix(path, ".patch"); !strings.Contains(string(table), "| "+name+" |") {
			t.Errorf("docs/dev/mutations.md does not have %s: run scripts/mutate", name)
		}
		check := exec.Command(git, "apply", "--check", filepath.Join("test", "mutations", path))
		check.Dir = root
		if out, err := check.CombinedOutput(); err != nil {
			t.Errorf("%s does not apply any more: make it anew. %s", path, out)
		}
	}
}
