package netns

import (
	"fmt"
	"os"
	"runtime"
	"syscall"
)

// initFile is the network namespace of the first process, which is the host's
// or, in a container, the container's.
const initFile = "/proc/1/ns/net"

// Isolate moves a whole test program into a network namespace of its own, and
// with it all that it starts: targets that listen on every address, captures,
// the command under test. It is for the start of TestMain:
//
//	func TestMain(m *testing.M) {
//		netns.Isolate()
//		os.Exit(m.Run())
//	}
//
// The program executes itself again, as the same process, so that all its
// threads move; the second time, Isolate returns. It also returns in a program
// that is in some other namespace already, as are copies of the test program
// that a script starts, and where there is no right to make a namespace: then
// the tests run in the host's network.
func Isolate() {
	if os.Geteuid() != 0 || isolated() {
		return
	}
	err := moveAndExec() // returns only where it failed
	fmt.Fprintf(os.Stderr, "%v; the tests run in the host's network\n", err)
}

// isolated tells whether we are apart from the first process, or cannot know.
func isolated() bool {
	first, err := os.Readlink(initFile)
	if err != nil {
		return true
	}
	here, err := os.Readlink(threadFile)
	return err != nil || here != first
}

// moveAndExec replaces this program by itself. What a program executes inherits
// the namespace of the thread that calls exec.
func moveAndExec() error {
	exe, err := os.Executable()
	if err != nil {
		return fmt.Errorf("netns: %w", err)
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	here, err := os.Open(threadFile)
	if err != nil {
		return fmt.Errorf("netns: %w", err)
	}
	defer here.Close()
	n, err := unshare()
	if err != nil {
		return err
	}
	defer n.close()
	defer setns(here)
	err = syscall.Exec(exe, os.Args, os.Environ())
	return fmt.Errorf("netns: exec: %w", err)
}
