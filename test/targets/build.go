package targets

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
)

// gotgtdPackage is the child's main package.
const gotgtdPackage = "github.com/go-iscsi/discovery/test/targets/gotgtd"

// gotgtProgram returns the path of the child's program, built without the race
// detector, which would report gotgt's races as the test's.
func gotgtProgram(t testing.TB) string {
	t.Helper()
	if runtime.GOOS != "linux" {
		path := filepath.Join(t.TempDir(), "gotgtd")
		if err := build(path); err != nil {
			t.Fatal(err)
		}
		return path
	}
	program, err := gotgtOnce()
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), program.Fd())
}

// gotgtOnce builds the program once per test process. No test outlives that
// process to remove the file, so it is removed at once, and run by way of the
// open file.
var gotgtOnce = sync.OnceValues(func() (*os.File, error) {
	folder, err := os.MkdirTemp("", "gotgtd")
	if err != nil {
		return nil, fmt.Errorf("targets: %w", err)
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "gotgtd")
	if err := build(path); err != nil {
		return nil, err
	}
	program, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("targets: %w", err)
	}
	return program, nil
})

func build(path string) error {
	// No network: what the test program was built from is there already.
	cmd := exec.Command("go", "build", "-buildvcs=false", "-o", path, gotgtdPackage)
	cmd.Env = append(os.Environ(), "GOPROXY=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("targets: build gotgtd: %w: %s", err, out)
	}
	return nil
}
