package architecture

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A testSet is where the tests of the repository are.
type testSet struct {
	folders map[string][]string // of a name: the folders of the packages that have it
	source  map[string]string   // of a folder: the text of its tests, and of the scripts that they run
}

// readTests returns all tests, fuzz targets, examples and benchmarks.
func readTests(root string) (testSet, error) {
	s := testSet{make(map[string][]string), make(map[string]string)}
	function := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|Example|Benchmark)\w*)\(`)
	err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		folder, err := filepath.Rel(root, filepath.Dir(path))
		folder = filepath.ToSlash(folder)
		for _, m := range function.FindAllSubmatch(source, -1) {
			s.folders[string(m[1])] = append(s.folders[string(m[1])], folder)
		}
		s.source[folder] += string(source)
		return err
	})
	for name, folders := range s.folders {
		slices.Sort(folders)
		s.folders[name] = slices.Compact(folders) // a file for each system may have it
	}
	return s, err
}

// wrong says what is wrong with a name as documents have it, folder:Test/part; empty:
// nothing. Where qualified is not set the folder may be missing if one package alone has
// the test.
func (s testSet) wrong(root, name string, qualified bool) string {
	folder, test, found := strings.Cut(name, ":")
	if !found {
		folder, test = "", name
	}
	test, part, hasPart := strings.Cut(test, "/")
	in := s.folders[test]
	switch {
	case len(in) == 0:
		return "there is no such test"
	case folder == "" && len(in) > 1:
		return fmt.Sprintf("%s have one: say which, as FOLDER:%s", strings.Join(in, ", "), test)
	case folder == "" && qualified:
		return fmt.Sprintf("write `%s:%s`", in[0], test)
	case folder == "":
		folder = in[0]
	case strings.HasSuffix(folder, "_test.go"):
		source, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(folder)))
		if err != nil || !strings.Contains(string(source), "\nfunc "+test+"(") {
			return "the file has no such test"
		}
		return ""
	case !slices.Contains(in, folder):
		return fmt.Sprintf("it is in %s", strings.Join(in, ", "))
	}
	if hasPart && !s.hasPart(root, folder, part) {
		return fmt.Sprintf("no test of %s has a part %q", folder, part)
	}
	return ""
}

// hasPart reports whether a part of a test is a constant in the tests of a folder, or the
// name of a script that they run. A blank in it may be written as _.
func (s testSet) hasPart(root, folder, part string) bool {
	for _, p := range strings.Split(part, "/") {
		quoted := regexp.MustCompile(`"` + strings.ReplaceAll(regexp.QuoteMeta(p), "_", "[ _]") + `"`)
		scripts, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(folder), "testdata", p+".txtar"))
		if !quoted.MatchString(s.source[folder]) && (err != nil || len(scripts) == 0) {
			return false
		}
	}
	return true
}

// pages returns the documents.
func pages(t *testing.T, root string) (all []string) {
	t.Helper()
	for _, folder := range []string{root, filepath.Join(root, ".github"), filepath.Join(root, "docs")} {
		err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
			switch {
			case os.IsNotExist(err):
				return nil
			case err != nil:
				return err
			case d.IsDir() && folder == root && path != root:
				return fs.SkipDir
			case strings.HasSuffix(path, ".md"):
				all = append(all, path)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(all) < 10 {
		t.Fatalf("got the pages %v, want more", all)
	}
	return all
}

// promises are the pages that are to say of each test in which folder it is.
var promises = []string{"docs/security.md"}

// TestDocsNameTests: a test that a page names for a promise exists, in the package that
// the page says, and so does the part of it.
func TestDocsNameTests(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..")
	tests, err := readTests(root)
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile("`((?:[\\w./]+:)?(?:Test|Fuzz|Benchmark)[A-Z]\\w*(?:/[^`]+)?)`")
	for _, path := range pages(t, root) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		page, err := filepath.Rel(root, path)
		if err != nil {
			t.Fatal(err)
		}
		page = filepath.ToSlash(page)
		for _, m := range named.FindAllSubmatch(text, -1) {
			if wrong := tests.wrong(root, string(m[1]), slices.Contains(promises, page)); wrong != "" {
				t.Errorf("%s: %s: %s", page, m[1], wrong)
			}
		}
	}
}

// TestPromisesNameTests: each row of a table of docs/security.md that has a column for
// tests names one.
func TestPromisesNameTests(t *testing.T) {
	t.Parallel()
	for _, page := range promises {
		text, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(page)))
		if err != nil {
			t.Fatal(err)
		}
		rows, inTable := 0, false
		for line := range strings.Lines(string(text)) {
			cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), " | ")
			last := strings.TrimSpace(cells[len(cells)-1])
			switch {
			case !strings.HasPrefix(line, "|"):
				inTable = false
			case last == "test":
				inTable = true
			case inTable && !strings.HasPrefix(line, "| ---"):
				if rows++; !strings.Contains(last, ":Test") && !strings.Contains(last, ":Fuzz") {
					t.Errorf("%s: the promise names no test: %s", page, cells[0])
				}
			}
		}
		if rows < 100 {
			t.Errorf("%s: %d promises were found, want 100 or more", page, rows)
		}
	}
}
