//go:build linux

package lio

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// testCommand: what the command prints, by portal and all at once.
func (w *world) testCommand(t *testing.T) {
	command := filepath.Join(t.TempDir(), "discover")
	build := exec.Command("go", "build", "-buildvcs=false", "-o", command, "github.com/go-iscsi/discovery/cmd/discover")
	build.Env = append(os.Environ(), "GOPROXY=off")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var want list
	for _, portal := range w.portals() {
		cmd := exec.Command(command, "scan", portal.String(), "-o", "iscsiadm")
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
