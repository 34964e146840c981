package netns

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"testing"

	"github.com/vishvananda/netlink"
	vnetns "github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"github.com/go-iscsi/discovery/internal/need"
)

// threadFile is the calling thread's network namespace.
const threadFile = "/proc/thread-self/ns/net"

// sysctls is the folder of the kernel parameters, which for "net" are those of
// the calling thread's namespace.
const sysctls = "/proc/sys/"

// A Namespace is a network namespace.
type Namespace struct {
	file    *os.File // holds the namespace
	netlink *netlink.Handle
}

// New makes a namespace with nothing but a loopback interface that is up. It is
// gone when the test has ended and the processes in it have, too.
func New(t testing.TB) *Namespace {
	t.Helper()
	need.Root(t)
	n, err := create()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.close)
	return n
}

// create makes a namespace on a thread that is given up for it.
func create() (*Namespace, error) {
	type result struct {
		n   *Namespace
		err error
	}
	made := make(chan result)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread is no good any more
		n, err := unshare()
		made <- result{n, err}
	}()
	r := <-made
	return r.n, r.err
}

// unshare moves the calling thread into a new namespace.
func unshare() (*Namespace, error) {
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		return nil, fmt.Errorf("netns: unshare: %w", err)
	}
	file, err := os.Open(threadFile)
	if err != nil {
		return nil, fmt.Errorf("netns: %w", err)
	}
	handle, err := netlink.NewHandleAt(vnetns.NsHandle(file.Fd()))
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("netns: netlink: %w", err)
	}
	n := &Namespace{file: file, netlink: handle}
	if err := n.up(loopback); err != nil {
		n.close()
		return nil, err
	}
	// Interfaces made later do not look for duplicates of their IPv6
	// addresses, which takes a second or two. Without IPv6 there is no such
	// parameter.
	err = os.WriteFile(sysctls+"net/ipv6/conf/default/accept_dad", []byte("0"), 0)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		n.close()
		return nil, fmt.Errorf("netns: %w", err)
	}
	return n, nil
}

// Do runs f on a thread that is in the namespace. Sockets that f makes itself
// belong to the namespace for ever; goroutines that it starts run elsewhere.
func (n *Namespace) Do(f func() error) error {
	if n == nil {
		return f()
	}
	runtime.LockOSThread()
	here, err := os.Open(threadFile)
	if err != nil {
		runtime.UnlockOSThread()
		return fmt.Errorf("netns: %w", err)
	}
	defer func() {
		// A thread that cannot go back is not given back to the scheduler.
		if setns(here) == nil {
			runtime.UnlockOSThread()
		}
		here.Close()
	}()
	if err := n.enter(); err != nil {
		return err
	}
	return f()
}

// Sysctl sets a kernel parameter of the namespace, such as
// "net/ipv4/conf/all/rp_filter".
func (n *Namespace) Sysctl(t testing.TB, name, value string) {
	t.Helper()
	err := n.Do(func() error { return os.WriteFile(sysctls+name, []byte(value), 0) })
	if err != nil {
		t.Fatalf("netns: sysctl: %v", err)
	}
}

// enter moves the calling thread into the namespace.
func (n *Namespace) enter() error { return setns(n.file) }

func (n *Namespace) close() {
	n.netlink.Close()
	n.file.Close()
}

func setns(file *os.File) error {
	if err := unix.Setns(int(file.Fd()), unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("netns: setns: %w", err)
	}
	return nil
}

// dieWithParent has the kernel kill the child when we end.
func dieWithParent(cmd *exec.Cmd) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
}
