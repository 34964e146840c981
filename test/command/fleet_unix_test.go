//go:build unix

package command

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestFleetProgram: discover fleet becomes the program discover-fleet, which it finds beside
// itself and then in PATH, and never in the current folder. Without it it says what to
// install.
func TestFleetProgram(t *testing.T) {
	t.Parallel()
	here, beside, inPath := t.TempDir(), t.TempDir(), t.TempDir()
	if err := os.Link(filepath.Join(binDir, "discover"), filepath.Join(beside, "discover")); err != nil {
		t.Fatal(err)
	}
	program := func(folder, says string) {
		t.Helper()
		script := "#!/bin/sh\necho " + says + ` "$@"` + "\nexit 7\n"
		if err := os.WriteFile(filepath.Join(folder, "discover-fleet"), []byte(script), 0o755); err != nil { //nolint:gosec // it is run
			t.Fatal(err)
		}
	}
	run := func(path string, args ...string) (string, string, int) {
		t.Helper()
		cmd := exec.Command(filepath.Join(beside, "discover"), args...)
		cmd.Dir, cmd.Env = here, []string{"PATH=" + path, "GORACE=atexit_sleep_ms=0 halt_on_error=1"}
		var stdout, stderr strings.Builder
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		_ = cmd.Run() // the exit status tells
		return stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()
	}
	program(here, "here")
	if stdout, stderr, status := run(".:"+inPath, "fleet", "hosts"); status != 1 || stdout != "" || !strings.Contains(stderr, "discover fleet needs the program discover-fleet") || strings.Count(stderr, "\n") != 1 {
		t.Errorf("none: got %q, %q, exit status %d", stdout, stderr, status)
	}
	program(inPath, "path")
	if stdout, stderr, status := run(inPath, "-o", "json", "fleet", "hosts", "--x"); status != 7 || stdout != "path -o json hosts --x\n" || stderr != "" {
		t.Errorf("in PATH: got %q, %q, exit status %d", stdout, stderr, status)
	}
	program(beside, "beside")
	for args, want := range map[string]string{
		"fleet paths":          "beside paths\n",
		"fleet -h":             "beside -h\n",
		"help fleet diff":      "beside help diff\n",
		"man fleet portal add": "beside man portal add\n",
	} {
		if stdout, stderr, status := run(inPath, strings.Fields(args)...); status != 7 || stdout != want || stderr != "" {
			t.Errorf("%s: got %q, %q, exit status %d; want %q", args, stdout, stderr, status, want)
		}
	}
}
