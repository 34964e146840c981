package reference

import (
	"go/ast"
	"regexp"
	"strings"
	"testing"
)

// listings are the functions that begin a document or a line. Their first argument is the
// name of the list, and the second, where it is a text, the type of a line.
var listings = map[string]bool{"NewListing": true, "Done": true, "Object": true, "fleetListing": true}

// TestOutputLists (issue 20): docs/reference/output.md has the name of each list that is
// printed in a document, and the type of each line.
func TestOutputLists(t *testing.T) {
	t.Parallel()
	page := readPage(t, outputPage)
	lists := namesIn(t, page, "| verb | list | item |", 1)
	lines := namesIn(t, page, "| type | an item of | type until now |", 0)
	printed := map[string]bool{"results": true, "blocks": true, "initiator": true, "fleet": true, "logins": true, "scan": true} // which are written otherwise
	types := map[string]bool{"portal": true, "target": true, "block": true, "fleet": true, "fleet-portal": true, "fleet-policy": true, "fleet-login": true, "fleet-scan": true}
	for _, f := range sourceOf(t, "cmd/discover", "cmd/discover-fleet", "cmd/internal").files {
		ast.Inspect(f, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) < 2 || !listings[baseName(call.Fun)] {
				return true
			}
			name, named := written(call.Args[0], nil)
			kind, typed := written(call.Args[1], nil)
			if baseName(call.Fun) == "Object" {
				kind, typed = name, named
			}
			if named {
				printed[name] = true
			}
			if typed {
				types[kind] = true
			}
			return true
		})
	}
	for _, m := range []struct {
		what       string
		code, page map[string]bool
	}{{"list", printed, lists}, {"type of line", types, lines}} {
		for name := range m.code {
			if !m.page[name] {
				t.Errorf("%s does not have the %s %q", outputPage, m.what, name)
			}
		}
		for name := range m.page {
			if !m.code[name] {
				t.Errorf("%s has the %s %q, which is not printed", outputPage, m.what, name)
			}
		}
	}
}

// namesIn are the names in a column of the table with a head.
func namesIn(t *testing.T, page, head string, column int) map[string]bool {
	t.Helper()
	_, table, ok := strings.Cut(page, head)
	if !ok {
		t.Fatalf("no table %s", head)
	}
	table, _, _ = strings.Cut(table, "\n\n")
	name := regexp.MustCompile("`([a-z-]+)`")
	all := make(map[string]bool)
	for line := range strings.Lines(table) {
		cells := strings.Split(strings.Trim(line, "| \n"), " | ")
		if column >= len(cells) {
			continue
		}
		for _, m := range name.FindAllStringSubmatch(cells[column], -1) {
			all[m[1]] = true
		}
	}
	return all
}
