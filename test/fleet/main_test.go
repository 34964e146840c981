// Package fleet proves a whole fleet, on each kind of etcd: three members, five hosts that run
// discoverd, two arrays and an administrator, each in a network namespace of its own
// behind one router. Members are killed, hosts are cut off, history is compacted, the
// database is full, a certificate ends, a role is taken away, clocks are hours off, and
// one host is hostile. Nothing may be lost, nothing may be there twice, and the events are
// compared whole with what was done.
//
// The programs are the real ones, built without the race detector.
package fleet

import (
	"fmt"
	"os"
	"os/exec"
	"testing"
)

// binDir has discover, discover-fleet, discoverd, and a discoverd whose clock can be set.
var binDir string

const module = "github.com/go-iscsi/discovery/"

func TestMain(m *testing.M) { os.Exit(testMain(m)) }

func testMain(m *testing.M) int {
	if os.Geteuid() != 0 { // the test says what it needs
		return m.Run()
	}
	dir, err := os.MkdirTemp("", "fleet")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binDir = dir
	build := exec.Command("go", "build", "-o", dir, module+"cmd/discover", module+"cmd/discover-fleet", module+"cmd/discoverd")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build the commands: %v: %s\n", err, out)
		return 1
	}
	if err := buildSkewed(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}
