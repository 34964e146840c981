package job

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/internal/need"
	"github.com/go-iscsi/discovery/test/netns"
	"github.com/go-iscsi/discovery/test/output"
)

// A Child is a Job that runs in a process of its own, as an ordinary user, in the
// namespace of the test.
type Child struct {
	process *netns.Process
	out     output.Buffer
}

// StartChild has a copy of the test program do a Job without any privilege. The TestMain
// of the program has to call Main where Variable is set. It ends with the test.
func (j Job) StartChild(t testing.TB) *Child {
	t.Helper()
	need.Program(t, "setpriv")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// By a descriptor, since the folder that the program is in is not that user's.
	program, err := os.Open(self)
	if err != nil {
		t.Fatal(err)
	}
	defer program.Close()
	j.Unprivileged = true
	args := Unprivileged("/proc/self/fd/3")
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir = "/"
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), j.Env()}
	cmd.ExtraFiles = []*os.File{program}
	c := &Child{}
	cmd.Stdout, cmd.Stderr = &c.out, &c.out
	if c.process, err = (*netns.Namespace)(nil).Start(cmd); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.process.Kill)
	return c
}

// RunChild does a Job so, and returns what became of it.
func (j Job) RunChild(t testing.TB) Report {
	t.Helper()
	return j.StartChild(t).Report(t)
}

// Await waits until the child says a word. The test fails where it ends before.
func (c *Child) Await(t testing.TB, word string) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !strings.Contains(c.out.String(), word) {
		select {
		case <-c.process.Done():
			t.Fatalf("not %s: %s", word, &c.out)
		case <-tick.C:
		}
	}
}

// Kill ends the child at once.
func (c *Child) Kill() { c.process.Kill() }

// Report waits for the end of the Job, and returns what became of it.
func (c *Child) Report(t testing.TB) Report {
	t.Helper()
	if err := c.process.Wait(); err != nil {
		t.Fatal(fmt.Errorf("%w: %s", err, &c.out))
	}
	return ReadReport(t, c.out.String())
}
