//go:build linux

package lio

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// buildCommand builds discover: static, so that it runs in the guest as well.
func buildCommand(t *testing.T) string {
	t.Helper()
	command := filepath.Join(t.TempDir(), "discover")
	build := exec.Command("go", "build", "-buildvcs=false", "-ldflags=-s -w", "-o", command, "github.com/go-iscsi/discovery/cmd/discover")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOPROXY=off")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return command
}

// testCommand: what the command prints, by portal and all at once.
func (w *world) testCommand(t *testing.T) {
	var want list
	for _, portal := range w.portals() {
		cmd := exec.Command(w.command, "scan", portal.String(), "-o", "iscsiadm")
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		got, err := parseLines(string(out))
		if err != nil {
			t.Fatal(err)
		}
		if want == nil {
			want = found(discover(t, at(portal)))
		}
		same(t, want, got)
	}
}
