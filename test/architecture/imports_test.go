// Package architecture holds the house to its plan: which package may know
// which, and what a program that embeds the library has to compile.
package architecture

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/go-iscsi/discovery"

// TestDirection: arrows go from the command down to the bytes, never back.
func TestDirection(t *testing.T) {
	t.Parallel()
	tests := []struct {
		pkg     string
		may     []string // packages of ours that it may depend on
		mustNot []string // packages of others that it must not
	}{
		{pkg: "pkg/pdu", mustNot: []string{"net", "context"}},
		{pkg: "pkg/auth", may: []string{"pkg/pdu"}, mustNot: []string{"net"}},
		{pkg: "pkg/initiator/internal/session", may: []string{"pkg/pdu", "pkg/auth"}, mustNot: []string{"net"}},
		{pkg: "test/iscsitest", may: []string{"pkg/pdu", "internal/need"}},
		{pkg: "pkg/ipsec", mustNot: []string{"net"}},
		{pkg: "pkg/initiator", may: []string{
			"pkg/pdu", "pkg/auth", "pkg/ipsec", "pkg/initiator/internal/session", "pkg/initiator/isdsc", "pkg/initiator/name", "pkg/initiator/ports",
			"pkg/ipsec/enforce", "pkg/initiator/internal/text", "pkg/initiator/internal/zone", "pkg/initiator/internal/dial",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.pkg, func(t *testing.T) {
			t.Parallel()
			for _, dep := range deps(t, "../..", "./"+tt.pkg) {
				if ours, ok := strings.CutPrefix(dep, module+"/"); ok && ours != tt.pkg && !slices.Contains(tt.may, ours) {
					t.Errorf("%s depends on %s, which lies above it or beside it", tt.pkg, ours)
				}
				if slices.Contains(tt.mustNot, dep) {
					t.Errorf("%s depends on %s", tt.pkg, dep)
				}
			}
		})
	}
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
	mod = strings.ReplaceAll(mod, "\ntool ", "\n// tool ")
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

// deps lists what a package depends on, itself included, tests left out.
func deps(t *testing.T, dir, pkg string) []string {
	t.Helper()
	return strings.Fields(run(t, dir, "go", "list", "-deps", pkg))
}

func run(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off")
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
