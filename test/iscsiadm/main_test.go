//go:build linux

// Package iscsiadm compares "discover iscsiadm" with open-iscsi's iscsiadm. The
// scripts in testdata are command lines with the real program's answers:
// TestReal shows that the answers are true, where open-iscsi is installed, and
// TestConformance that ours are the same, but for those that differ on purpose,
// which the scripts have, too, each with its reason. Two more tests have
// programs that call iscsiadm read our answers: by their rules (TestParsers),
// and for real (TestCallers).
//
// The test program is the initiator's host, in a network namespace of its own;
// the storage array is another namespace, with tgt in it. The programs under
// test run in a room: a mount namespace in which /etc/iscsi and other folders of
// the system are private.
//
// After a change of the command lines, for another version of open-iscsi, or for
// another answer of ours where it differs on purpose, the answers are written
// anew by
//
//	go test ./test/iscsiadm -run 'TestReal|TestConformance' -record
package iscsiadm

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/test/netns"
)

var (
	record  = flag.Bool("record", false, "write the real program's answers to testdata, and those of ours that differ on purpose")
	command = flag.String("command", "", "run this `command` in the place of discover iscsiadm; real: open-iscsi's program")
)

// builtDiscover is the command's path.
var builtDiscover string

func TestMain(m *testing.M) {
	netns.Isolate()
	os.Exit(testMain(m))
}

func testMain(m *testing.M) int {
	folder, err := os.MkdirTemp("", "discover")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(folder)
	builtDiscover = filepath.Join(folder, "discover")
	// Without the race detector, with which a start takes a third of a second: there
	// are hundreds. Package openiscsi has tests of its own.
	build := exec.Command("go", "build", "-o", builtDiscover, "github.com/go-iscsi/discovery/cmd/discover")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build the command: %v: %s", err, out)
		return 1
	}
	return m.Run()
}

// ours is the command line to which the arguments of an iscsiadm are added.
func ours(t *testing.T) []string {
	t.Helper()
	switch *command {
	case "":
		return []string{builtDiscover, "iscsiadm"}
	case "real":
		return []string{realProgram(t)}
	}
	return strings.Fields(*command)
}
