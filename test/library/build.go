package library

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
)

// goDirective is the line of go.mod that names the version of Go.
var goDirective = regexp.MustCompile(`(?m)^go \S+$`)

// Build builds the program, and returns the path of its executable file, which is gone at
// the end of the test. env is added to the environment of the build.
func (p *Program) Build(t testing.TB, env ...string) string {
	t.Helper()
	path, err := p.build(root(t), t.TempDir(), env...)
	if err != nil {
		t.Fatalf("the program at line %d of docs/library.md: %v", p.line, err)
	}
	return path
}

// build builds the program in a folder of its own. It is a module without requirements:
// go.work there says that the import paths of our module are the files at root. Nothing is
// written to root, and nothing is looked up in a network.
func (p *Program) build(root, folder string, env ...string) (string, error) {
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		return "", err
	}
	version := string(goDirective.Find(mod))
	for name, text := range map[string]string{
		"main.go": p.Source,
		"go.mod":  "module " + p.Name + "\n\n" + version + "\n",
		"go.work": fmt.Sprintf("%s\n\nuse .\n\nuse %q\n", version, root),
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			return "", err
		}
	}
	path := filepath.Join(folder, p.Name)
	if runtime.GOOS == "windows" {
		path += ".exe"
	}
	for _, args := range [][]string{{"vet", "."}, {"build", "-buildvcs=false", "-o", path, "."}} {
		cmd := exec.Command("go", args...)
		cmd.Dir = folder
		cmd.Env = append(os.Environ(), "GOWORK="+filepath.Join(folder, "go.work"), "GOFLAGS=", "GOPROXY=off")
		cmd.Env = append(cmd.Env, env...)
		if out, err := cmd.CombinedOutput(); err != nil {
			return "", fmt.Errorf("go %s: %w: %s", strings.Join(args, " "), err, out)
		}
	}
	return path, nil
}

// root returns the folder of the module: the packages whose tests use this one are two
// folders below it.
func root(t testing.TB) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	return path
}
