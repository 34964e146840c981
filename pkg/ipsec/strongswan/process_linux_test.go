package strongswan

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/go-iscsi/discovery/internal/need"
)

// parent returns the process that started the tests, as an owner.
func parent(t *testing.T) owner {
	t.Helper()
	start, _ := startOf(os.Getppid())
	o := ownerNow()
	o.process = process{namespace: pidNamespace(), pid: os.Getppid(), start: start}
	if o.state() != ownerAlive {
		need.Missing(t, "what /proc tells of processes", "mount it without hidepid")
	}
	return o
}

// What a copy of the test program is told by TestHidepid: what to do, and the
// names that it is to judge.
const (
	hidepidStep  = "STRONGSWAN_TEST_HIDEPID"
	hidepidNames = "STRONGSWAN_TEST_NAMES"
)

// TestHidepid (issue 13, 37): where /proc hides the processes of others, one that
// lives does not pass for one that is gone, not even after its lease; and one that
// is gone still does.
func TestHidepid(t *testing.T) {
	switch os.Getenv(hidepidStep) {
	case "mount":
		mountHidden(t)
		return
	case "judge":
		for name := range strings.FieldsSeq(os.Getenv(hidepidNames)) {
			o, _ := ownerOf(name)
			fmt.Println("\nstate", o.state())
		}
		return
	}
	need.Root(t)
	t.Parallel()
	gone := exec.Command(os.Args[0], "-test.run=^$")
	if err := gone.Run(); err != nil {
		t.Fatal(err)
	}
	dead := ownerNow()
	dead.pid = gone.Process.Pid
	living := ownerNow()
	over := living
	over.expires = 1
	var names []string
	for _, o := range []owner{living, over, dead} {
		names = append(names, o.name(1))
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestHidepid$")
	cmd.Env = append(os.Environ(), hidepidStep+"=mount", hidepidNames+"="+strings.Join(names, " "))
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var got []string
	for line := range strings.Lines(string(out)) {
		if state, ok := strings.CutPrefix(line, "state "); ok {
			got = append(got, strings.TrimSpace(state))
		}
	}
	if want := "unknown unknown gone"; strings.Join(got, " ") != want {
		t.Errorf("got %v, want %s; it said: %s", got, want, out)
	}
}

// mountHidden mounts /proc anew, in a namespace of this process, so that it hides
// processes, and judges as a user that does not see them.
func mountHidden(t *testing.T) {
	if err := unix.Mount("proc", "/proc", "proc", 0, "hidepid=2"); err != nil {
		t.Fatal(err)
	}
	// The file may be where that user cannot go.
	cmd := exec.Command("/proc/self/exe", "-test.run=^TestHidepid$")
	cmd.Env = append(os.Environ(), hidepidStep+"=judge")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	cmd.Dir = "/"
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	fmt.Printf("%s", out)
}
