// Package architecture holds the house to its plan: which package may know
// which, and what a program that embeds the library has to compile.
package architecture

import (
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/go-iscsi/discovery"

// TestDirection: arrows go from the command down to the bytes, never back, on all
// systems; each package has a row, each row a package that imports what it says.
func TestDirection(t *testing.T) {
	t.Parallel()
	packages := make(map[string][]string) // files without tests, by package
	for _, file := range sources(t, "../..") {
		pkg := path.Dir(file)
		if !strings.HasSuffix(file, "_test.go") {
			packages[pkg] = append(packages[pkg], file)
		} else if packages[pkg] == nil {
			packages[pkg] = []string{}
		}
	}
	for pkg := range rows {
		if packages[pkg] == nil {
			t.Errorf("%s has a row and is no package", pkg)
		}
	}
	for _, pkg := range slices.Sorted(maps.Keys(packages)) {
		files := packages[pkg]
		t.Logf("%3d files in %s", len(files), pkg)
		if len(files) > maxFiles {
			t.Errorf("%s has %d files, want %d at most: is there a second noun in it?", pkg, len(files), maxFiles)
		}
		r, ok := rows[pkg]
		if !ok {
			t.Errorf("%s has no row in rows_test.go", pkg)
		}
		imported := make(map[string]bool)
		for _, file := range files {
			for _, p := range importsOf(t, filepath.Join("../..", file)) {
				if ours, ok := strings.CutPrefix(p, module+"/"); ok {
					imported[ours] = true
				}
			}
		}
		for ours := range imported {
			if !slices.Contains(r.may, ours) {
				t.Errorf("%s imports %s, which is not in its row", pkg, ours)
			}
		}
		for _, ours := range r.may {
			if !imported[ours] {
				t.Errorf("%s does not import %s, which is in its row", pkg, ours)
			}
		}
		if len(r.mustNot) == 0 {
			continue
		}
		for _, dep := range deps(t, "../..", "./"+pkg) {
			if slices.Contains(r.mustNot, dep) {
				t.Errorf("%s depends on %s", pkg, dep)
			}
		}
	}
}

// TestEnforcersKnowNoInitiator: what protects connections knows nothing of the engine
// above it, and neither do its tests: errors are those of package ipsec.
func TestEnforcersKnowNoInitiator(t *testing.T) {
	t.Parallel()
	for _, file := range sources(t, "../../pkg/ipsec") {
		for _, p := range importsOf(t, filepath.Join("../../pkg/ipsec", file)) {
			if strings.HasPrefix(p, module+"/pkg/initiator") {
				t.Errorf("pkg/ipsec/%s imports %s", file, p)
			}
		}
	}
}

// sources returns the Go files below root, with slashes.
func sources(t *testing.T, root string) (files []string) {
	t.Helper()
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, ".go") {
			return err
		}
		rel, err := filepath.Rel(root, name)
		files = append(files, filepath.ToSlash(rel))
		return err
	})
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	return files
}

// importsOf returns what a file imports, whatever system it is for.
func importsOf(t *testing.T, name string) (paths []string) {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range f.Imports {
		p, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, p)
	}
	return paths
}

// TestEmbedder builds a module of its own that imports pkg/initiator, and allows
// nothing in it but the standard library and golang.org/x: whoever embeds the
// library never compiles a database, a command line parser or a test target.
func TestEmbedder(t *testing.T) {
	t.Parallel()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	// With our own requirements nothing has to be looked up.
	mod := strings.Replace(read(t, filepath.Join(root, "go.mod")), "module "+module, "module embedder", 1)
	mod = toolDirective.ReplaceAllString(mod, "")
	mod += "\nrequire " + module + " v0.0.0\n\nreplace " + module + " => " + root + "\n"
	write(t, filepath.Join(dir, "go.mod"), mod)
	write(t, filepath.Join(dir, "go.sum"), read(t, filepath.Join(root, "go.sum")))
	write(t, filepath.Join(dir, "main.go"), `package main

import "`+module+`/pkg/initiator"

func main() { _ = new(initiator.Discoverer) }
`)
	run(t, dir, "go", "build", "-o", filepath.Join(dir, "embedder"), ".")
	for _, dep := range deps(t, dir, ".") {
		first, _, _ := strings.Cut(dep, "/")
		switch {
		case !strings.Contains(first, "."), first == "embedder": // the standard library; the module itself
		case strings.HasPrefix(dep, module+"/"), strings.HasPrefix(dep, "golang.org/x/"):
		default:
			t.Errorf("an embedder compiles %s", dep)
		}
	}
}

// toolDirective is what go.mod says of tools: a line, or a block.
var toolDirective = regexp.MustCompile(`(?m)^tool (\([^)]*\)|.*)$`)

// deps lists what a package depends on, itself included, tests left out.
func deps(t *testing.T, dir, pkg string) []string {
	t.Helper()
	return strings.Fields(run(t, dir, "go", "list", "-deps", pkg))
}

func run(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	return runWith(t, nil, dir, name, args...)
}

// runWith is run with settings added to the environment.
func runWith(t *testing.T, settings []string, dir, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off")
	cmd.Env = append(cmd.Env, settings...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, stderr.String())
	}
	return string(out)
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
