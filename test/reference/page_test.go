// Package reference holds the pages of docs/reference against the code: errors.md is
// written from its tables, output.md has the fields that are printed and no others, and
// limits.md the bounds that count.
package reference

import (
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"
)

// root is the folder of the module.
const root = "../../"

var writeDocs = flag.Bool("write-docs", false, "write the generated pages instead of comparing them")

// readPage returns a page of docs.
func readPage(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(root + path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// holdPage compares a page with what the code makes of it, or writes it.
func holdPage(t *testing.T, path, want string) {
	t.Helper()
	if *writeDocs {
		if err := os.WriteFile(root+path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, all := strings.Split(readPage(t, path), "\n"), strings.Split(want, "\n")
	for i := range all {
		if i >= len(got) || got[i] != all[i] {
			t.Fatalf("%s, line %d, is not what the code says: run scripts/docs\nwant %s", path, i+1, all[i])
		}
	}
	if len(got) != len(all) {
		t.Errorf("%s is longer than what the code says: run scripts/docs", path)
	}
}

// cell makes text one cell of a table.
func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }

// row is one row of a table.
func row(cells ...string) string {
	for i, c := range cells {
		cells[i] = cell(c)
	}
	return strings.TrimRight("| "+strings.Join(cells, " | "), " ") + " |\n"
}

// code is text in the type of code.
func code(text string) string { return "`" + text + "`" }

// TestFlagsExist: the pages beside the manual name no flag that no verb has.
func TestFlagsExist(t *testing.T) {
	t.Parallel()
	const manual = "docs/reference/command.md"
	flags := regexp.MustCompile(`--[a-z][a-z0-9-]+`)
	_, generated, ok := strings.Cut(readPage(t, manual), "From here on written by scripts/docs")
	if !ok {
		t.Fatalf("%s has no generated part", manual)
	}
	known := make(map[string]bool)
	for _, name := range flags.FindAllString(generated, -1) {
		known[name] = true
	}
	for _, name := range []string{"--prefix", "--quota-backend-bytes", "--max-request-bytes"} {
		known[name] = true // of etcd and etcdctl
	}
	for _, path := range []string{errorsPage, outputPage, limitsPage} {
		for _, name := range flags.FindAllString(readPage(t, path), -1) {
			if !known[name] {
				t.Errorf("%s names %s, which no verb has", path, name)
			}
		}
	}
}
