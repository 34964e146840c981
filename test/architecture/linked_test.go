package architecture

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A system is one that releases are built for.
type system struct{ goos, name string }

// systems are in the order of the tables.
var systems = []system{{"linux", "Linux"}, {"darwin", "macOS"}, {"windows", "Windows"}, {"freebsd", "FreeBSD"}}

// linkedPage has the tables of modules.
const linkedPage = "docs/dev/linked.md"

// TestLinked: docs/dev/linked.md has each module of go.mod, either with where it is linked, or
// among those that only tests and tools need. So a finding of a scanner that reads go.mod
// can be answered from the page.
func TestLinked(t *testing.T) {
	t.Parallel()
	linked := readTable(t, linkedPage, "| module | discover | discover-fleet | discoverd | why |")
	unlinked := readTable(t, linkedPage, "| module | needed by |")

	builds := make(map[string]map[string]string)                    // systems, by command and module
	commands := []string{"discover", "discover-fleet", "discoverd"} // as the columns
	for _, command := range commands {
		builds[command] = make(map[string]string)
		for m, on := range modulesOf(t, "./cmd/"+command)["cmd/"+command] {
			builds[command][m] = inWords(on)
		}
	}
	documented := make(map[string]bool)
	for _, row := range linked {
		name := strings.Trim(row[0], "`")
		documented[name] = true
		for i, command := range commands {
			if got, want := row[i+1], cmp.Or(builds[command][name], "no"); got != want {
				t.Errorf("docs/dev/linked.md, %s: got %q in the column %s, want %q", name, got, command, want)
			}
		}
	}
	for command, modules := range builds {
		for m := range modules {
			if !documented[m] {
				t.Errorf("docs/dev/linked.md does not say that %s links %s", command, m)
			}
		}
	}
	for _, row := range unlinked {
		for name := range strings.SplitSeq(row[0], ", ") {
			name = strings.Trim(name, "`")
			if documented[name] {
				t.Errorf("docs/dev/linked.md has %s twice", name)
			}
			documented[name] = true
		}
	}
	required := requirement.FindAllStringSubmatch(read(t, "../../go.mod"), -1)
	for _, m := range required {
		if !documented[m[1]] {
			t.Errorf("docs/dev/linked.md does not have %s, which is in go.mod", m[1])
		}
		delete(documented, m[1])
	}
	for name := range documented {
		t.Errorf("docs/dev/linked.md has %s, which is not in go.mod", name)
	}
	checkKnown(t, "discover", ofBoth, builds["discover"])
	checkKnown(t, "discoverd", slices.Concat(ofBoth, ofDaemon, ofEtcd), builds["discoverd"])
	checkKnown(t, "discover-fleet", slices.Concat(ofBoth, ofFleet, ofEtcd), builds["discover-fleet"])
}

// checkKnown compares the modules that a command links with what TestStart allows: each
// entry there is a module or part of one, and none is left over.
func checkKnown(t *testing.T, command string, known []string, modules map[string]string) {
	t.Helper()
	for _, k := range known {
		within := func(m string) bool { return k == m || strings.HasPrefix(k, m+"/") }
		if k != module && !slices.ContainsFunc(slices.Collect(maps.Keys(modules)), within) {
			t.Errorf("start_test.go allows %s to link %s, which it does on no system", command, k)
		}
	}
}

// TestLinkedByEmbedders: docs/dev/linked.md has each package that a program may import, with
// the modules that it brings on any system.
func TestLinkedByEmbedders(t *testing.T) {
	t.Parallel()
	builds := modulesOf(t, "./pkg/...")
	rows := readTable(t, linkedPage, "| a program that imports | links, besides the standard library |")
	seen := make(map[string]bool)
	for _, row := range rows {
		for name := range strings.SplitSeq(row[0], ", ") {
			name = strings.Trim(name, "`")
			seen[name] = true
			want := "nothing"
			if modules := slices.Sorted(maps.Keys(builds[name])); len(modules) > 0 {
				want = "`" + strings.Join(modules, "`, `") + "`"
			}
			if row[1] != want {
				t.Errorf("docs/dev/linked.md, %s: got %s, want %s", name, row[1], want)
			}
		}
	}
	for name := range builds {
		if !seen[name] && !strings.Contains(name, "/internal/") {
			t.Errorf("docs/dev/linked.md does not say what %s links", name)
		}
	}
}

// TestLinkedOfLibraryPage: docs/library.md counts the modules that each package brings.
func TestLinkedOfLibraryPage(t *testing.T) {
	t.Parallel()
	builds := modulesOf(t, "./pkg/...")
	for _, row := range readTable(t, "docs/library.md", "| import | for | modules | program |") {
		name := strings.Trim(row[0], "`")
		if want := strconv.Itoa(len(builds[name])); row[2] != want {
			t.Errorf("docs/library.md, %s: got %s modules, want %s", name, row[2], want)
		}
	}
}

// requirement is a module that go.mod requires.
var requirement = regexp.MustCompile(`(?m)^\t(\S+) v\S+`)

// readTable returns the cells of the table of a page with a header.
func readTable(t *testing.T, page, header string) (rows [][]string) {
	t.Helper()
	_, table, ok := strings.Cut(read(t, "../../"+page), "\n"+header+"\n")
	if !ok {
		t.Fatalf("%s has no table %q", page, header)
	}
	for line := range strings.Lines(table) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "|") {
			break
		}
		cells := strings.Split(strings.Trim(line, "| "), " | ")
		if strings.HasPrefix(line, "| ---") {
			continue
		}
		if want := strings.Count(header, "|") - 1; len(cells) != want {
			t.Fatalf("%s: %d cells in %q, want %d", page, len(cells), line, want)
		}
		rows = append(rows, cells)
	}
	return rows
}

// modulesOf returns, for each of our packages that a pattern has, the modules of others
// that it needs, and the systems on which it does.
func modulesOf(t *testing.T, pattern string) map[string]map[string][]string {
	t.Helper()
	all := make(map[string]map[string][]string)
	const format = "{{.ImportPath}}\t{{with .Module}}{{.Path}}{{end}}\t{{.DepOnly}}\t{{join .Deps \" \"}}"
	for _, sys := range systems {
		out := runWith(t, []string{"GOOS=" + sys.goos, "CGO_ENABLED=0"}, "../..", "go", "list", "-deps", "-f", format, pattern)
		modules := make(map[string]string) // by package
		needs := make(map[string][]string)
		for line := range strings.Lines(out) {
			fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
			modules[fields[0]] = fields[1]
			if fields[2] == "false" {
				needs[strings.TrimPrefix(fields[0], module+"/")] = strings.Fields(fields[3])
			}
		}
		for pkg, deps := range needs {
			if all[pkg] == nil {
				all[pkg] = make(map[string][]string)
			}
			for _, dep := range deps {
				m := modules[dep]
				if m != "" && m != module && !slices.Contains(all[pkg][m], sys.name) {
					all[pkg][m] = append(all[pkg][m], sys.name)
				}
			}
		}
	}
	return all
}

// inWords returns the names of systems as the tables have them.
func inWords(on []string) string {
	if len(on) == len(systems) {
		return "yes"
	}
	return strings.Join(on, ", ")
}
