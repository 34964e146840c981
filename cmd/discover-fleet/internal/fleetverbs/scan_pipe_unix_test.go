//go:build unix

package fleetverbs

import (
	"os"
	"os/exec"
	"testing"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
)

// TestOutliveReader: a process whose standard output nobody reads any more is not ended by
// the system during a scan: the write fails.
func TestOutliveReader(t *testing.T) {
	t.Parallel()
	const child, outlived = "DISCOVER_TEST_CHILD", 7
	if os.Getenv(child) != "" {
		defer outliveReader()()
		for {
			if _, err := os.Stdout.WriteString("x"); exit.IsBrokenPipe(err) {
				os.Exit(outlived)
			}
		}
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestOutliveReader$")
	cmd.Env, cmd.Stdout = append(os.Environ(), child+"=1"), w
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	r.Close()
	if err := cmd.Wait(); cmd.ProcessState.ExitCode() != outlived {
		t.Errorf("got %v, want exit status %d", err, outlived)
	}
}
