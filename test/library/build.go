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

// module is the path of our module.
const module = "github.com/go-iscsi/discovery"

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

// toolDirective is what go.mod says of tools: a line, or a block.
var toolDirective = regexp.MustCompile(`(?m)^tool (\([^)]*\)|.*)$`)

// build builds the program in a folder of its own, as a module with the requirements of
// ours, whose files are those at root: so nothing more is looked up than for our own
// tests. Nothing is written to root.
func (p *Program) build(root, folder string, env ...string) (string, error) {
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		return "", err
	}
	sum, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		return "", err
	}
	own := strings.Replace(string(mod), "module "+module, "module "+p.Name, 1)
	own = toolDirective.ReplaceAllString(own, "") + fmt.Sprintf("\nrequire %s v0.0.0\n\nreplace %s => %q\n", module, module, root)
	for name, text := range map[string]string{"main.go": p.Source, "go.mod": own, "go.sum": string(sum)} {
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
		cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod")
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
