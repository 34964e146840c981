//go:build linux

package uml

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/go-iscsi/discovery/internal/need"
	"github.com/go-iscsi/discovery/test/netns"
	"github.com/go-iscsi/discovery/test/uml/internal/control"
)

const (
	kernelProgram = "linux.uml"
	kernelModules = "/usr/lib/uml/modules"
	tunDevice     = "/dev/net/tun"
)

// bootLimit is how long a guest may take to become ready.
const bootLimit = 2 * time.Minute

var (
	errBoot = errors.New("uml: the guest is not ready in time")
	errHost = errors.New("uml: a guest wants a network namespace: call netns.Isolate in TestMain, or give it one")
)

// A Guest is a kernel that runs.
type Guest struct {
	Addresses []netip.Addr     // of its end of the network
	Near      []netip.Addr     // of the test's end
	Namespace *netns.Namespace // of the test's end
	Interface string           // the test's end; also what a capture of all that the guest sends listens on

	process *netns.Process
	client  *control.Client
	console *tail
}

// Start starts a guest, which is ready when Start returns, and gone at the end
// of the test. Where something is missing the test is skipped. While another
// test program has guests, Start waits.
func Start(t testing.TB, cfg Config) *Guest {
	t.Helper()
	return StartTogether(t, cfg)[0]
}

// StartTogether starts several guests at once. A test that needs a second one
// has to start both so: the first keeps all others waiting.
func StartTogether(t testing.TB, cfgs ...Config) []*Guest {
	t.Helper()
	kernel := need.Program(t, kernelProgram)
	need.Program(t, "modprobe")
	need.Root(t)
	needFile(t, kernelModules, "apt-get install user-mode-linux")
	needFile(t, tunDevice, "modprobe tun")
	guests := make([]*Guest, len(cfgs))
	first := make([]*os.File, len(cfgs))
	for i, cfg := range cfgs {
		cfgs[i] = cfg.withDefaults()
		if cfg.Namespace == nil && !netns.Isolated() {
			t.Fatal(errHost)
		}
		file, err := initramfs(&cfgs[i])
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		first[i] = file
	}
	lock(t, kernel)
	for i := range cfgs {
		guests[i] = start(t, kernel, &cfgs[i], first[i])
	}
	ctx, cancel := context.WithTimeoutCause(t.Context(), bootLimit, errBoot)
	defer cancel()
	for _, g := range guests {
		if err := g.client.Ready(ctx); err != nil {
			t.Fatalf("uml: boot: %v", err)
		}
	}
	return guests
}

// start starts the kernel, with the network it needs.
func start(t testing.TB, kernel string, cfg *Config, first *os.File) *Guest {
	t.Helper()
	plug(t, cfg)
	launcher, err := launcher()
	if err != nil {
		t.Fatal(err)
	}
	near, far, err := line()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { near.Close() })
	defer far.Close()
	g := &Guest{
		Addresses: addresses(cfg.Far), Near: addresses(cfg.Near),
		Namespace: cfg.Namespace, Interface: cfg.Interface, console: &tail{},
	}
	cmd := exec.Command(launcher, append([]string{control.LaunchArg, kernel}, cfg.kernelArgs()...)...)
	cmd.Stdout, cmd.Stderr = g.console, g.console
	cmd.ExtraFiles = []*os.File{first, far} // as kernelArgs has them
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWPID}
	if g.process, err = cfg.Namespace.Start(cmd); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		g.Stop()
		if t.Failed() {
			t.Logf("the guest said:\n%s", g.console)
		}
	})
	g.client = control.NewClient(near)
	return g
}

// kernelArgs returns the kernel's command line.
func (c *Config) kernelArgs() []string {
	return []string{
		"mem=" + strconv.Itoa(c.Memory) + "M",
		"initrd=/proc/self/fd/3",
		"ssl=null", "ssl0=fd:4", // the serial line
		"con=null", "con0=null,fd:1", // the console, for reading only
		"vec0:transport=tap,ifname=" + c.Interface + ",depth=64",
		"uml_dir=/dev/shm/",
		"quiet", "cryptomgr.notests",
		"panic=-1", // a kernel in panic ends
	}
}

// Pid returns the number of the process that the guest's kernel is.
func (g *Guest) Pid() int { return g.process.Pid() }

// Stop ends the guest at once. The end of the test does the same; a second Stop
// does nothing.
func (g *Guest) Stop() { g.process.Kill() }

// launcher returns a path of guestd. The file has no name of its own.
func launcher() (string, error) {
	program, err := guestdFile()
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), program.Fd()), nil
}

// line returns both ends of a line that carries bytes.
func line() (near, far *os.File, err error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("uml: %w", err)
	}
	return os.NewFile(uintptr(fds[0]), "line"), os.NewFile(uintptr(fds[1]), "line"), nil
}

func addresses(prefixes []netip.Prefix) []netip.Addr {
	list := make([]netip.Addr, len(prefixes))
	for i, p := range prefixes {
		list[i] = p.Addr()
	}
	return list
}

func needFile(t testing.TB, path, remedy string) {
	t.Helper()
	if _, err := os.Stat(path); err != nil {
		need.Missing(t, path, remedy)
	}
}
