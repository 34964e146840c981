package netns

import (
	"fmt"
	"os"
	"runtime"
	"syscall"

	"github.com/vishvananda/netlink"
)

// loopback is the interface that every namespace has, and ownAlias what it is
// also called in one that Isolate made. A mark in the environment would be lost
// on programs that a script starts with a clean one.
const (
	loopback = "lo"
	ownAlias = "tests of discover"
)

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
// threads move; the second time, Isolate returns. It also returns in programs
// that were started in there, such as the copies of the test program that
// scripts run, and where there is no right to make a namespace: then the tests
// run in the host's network. Isolated tells which.
func Isolate() {
	if os.Geteuid() != 0 || Isolated() {
		return
	}
	err := moveAndExec() // returns only where it failed
	fmt.Fprintf(os.Stderr, "%v; the tests run in the host's network\n", err)
}

// Isolated tells whether this program is in a namespace that Isolate made.
func Isolated() bool {
	lo, err := netlink.LinkByName(loopback)
	return err == nil && lo.Attrs().Alias == ownAlias
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
	lo, err := n.netlink.LinkByName(loopback)
	if err == nil {
		err = n.netlink.LinkSetAlias(lo, ownAlias)
	}
	if err != nil {
		return fmt.Errorf("netns: %s: %w", loopback, err)
	}
	err = syscall.Exec(exe, os.Args, os.Environ())
	return fmt.Errorf("netns: exec: %w", err)
}
