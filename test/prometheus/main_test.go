// Package prometheus holds what discoverd tells, and the files of examples/prometheus,
// against a real Prometheus.
package prometheus

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/test/netns"
)

const (
	patience = 60 * time.Second
	examples = "../../examples/prometheus"
)

// binDir is where the commands were built.
var binDir string

func TestMain(m *testing.M) {
	netns.Isolate()
	os.Exit(testMain(m))
}

func testMain(m *testing.M) int {
	var err error
	if binDir, err = os.MkdirTemp("", "discoverd"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(binDir)
	build := exec.Command("go", "build", "-o", binDir+string(filepath.Separator), "../../cmd/discover", "../../cmd/discoverd")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build the commands: %v: %s", err, out)
		return 1
	}
	return m.Run()
}

// until waits until something is so. why says what is so instead.
func until(t *testing.T, what string, is func() (ok bool, why string)) {
	t.Helper()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(patience); ; <-tick.C {
		ok, why := is()
		if ok {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%s: not within %v: %s", what, patience, why)
		}
	}
}
