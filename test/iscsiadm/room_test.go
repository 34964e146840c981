//go:build linux

package iscsiadm

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/go-iscsi/discovery/internal/need"
	"github.com/go-iscsi/discovery/test/netns"
)

const (
	roomVariable = "ISCSIADM_TEST_ROOM" // makes this test program enter the room that it names
	readVariable = "ISCSIADM_TEST_READ" // its files of open-iscsi may only be read
	roomFailed   = 125                  // exit status where that failed; iscsiadm has none above 32
	configFile   = "/etc/iscsi/iscsid.conf"
	runLimit     = time.Minute

	roomProgram   = "bin/iscsiadm" // in the room's folder
	systemProgram = "/usr/sbin/iscsiadm"
)

// conf is the private iscsid.conf. With it a refused portal is tried once, and a
// silent one for three seconds.
const conf = `discovery.sendtargets.reopen_max = 0
discovery.sendtargets.timeo.login_timeout = 3
discovery.sendtargets.iscsi.MaxRecvDataSegmentLength = 32768
node.startup = manual
`

// A room is where programs run that use open-iscsi's files: for them, folders of
// the system are folders of the test. What they write there stays for the next
// program.
type room struct {
	t      *testing.T
	folder string
	env    []string // in addition to this program's
}

// newRoom returns a room with an empty database.
func newRoom(t *testing.T) *room {
	t.Helper()
	r := &room{t: t, folder: t.TempDir()}
	for _, name := range []string{"iscsi", "lib", "home"} {
		if err := os.Mkdir(filepath.Join(r.folder, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	r.write("iscsi/iscsid.conf", conf)
	r.write("iscsi/initiatorname.iscsi", "InitiatorName="+initiator+"\n")
	r.env = []string{
		roomVariable + "=" + r.folder,
		"HOME=" + filepath.Join(r.folder, "home"),
		"DISCOVER_REGISTRY=" + filepath.Join(r.folder, "registry.db"),
		"GORACE=atexit_sleep_ms=0 halt_on_error=1",
		"LC_ALL=C",
	}
	return r
}

// write writes a file of the room.
func (r *room) write(name, text string) {
	r.t.Helper()
	path := filepath.Join(r.folder, name)
	err := os.MkdirAll(filepath.Dir(path), 0o755)
	if err == nil {
		err = os.WriteFile(path, []byte(text), 0o600)
	}
	if err != nil {
		r.t.Fatal(err)
	}
}

// An answer is what a program did.
type answer struct {
	exit   int
	stdout string
	stderr []string // its lines
}

// run runs a program in the room.
func (r *room) run(program string, args ...string) answer {
	r.t.Helper()
	return r.finish(r.command(program, args...))
}

// command returns a command that runs a program in the room.
func (r *room) command(program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(r.t.Context(), "/proc/self/exe", append([]string{program}, args...)...)
	cmd.Env = append(os.Environ(), r.env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
	return cmd
}

// start starts a command of the room. The process ends with the test, if not before.
func (r *room) start(cmd *exec.Cmd) *netns.Process {
	r.t.Helper()
	var here *netns.Namespace
	p, err := here.Start(cmd)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(p.Kill)
	return p
}

// finish runs a command of the room to its end.
func (r *room) finish(cmd *exec.Cmd) answer {
	r.t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	p := r.start(cmd)
	select {
	case <-p.Done():
	case <-time.After(runLimit):
		p.Kill()
		r.t.Fatalf("%q did not end in %v: %s%s", cmd.Args[1:], runLimit, &stdout, &stderr)
	}
	err := p.Wait()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || !exit.Exited() || exit.ExitCode() == roomFailed) {
		r.t.Fatalf("%q: %v: %s", cmd.Args[1:], err, &stderr)
	}
	a := answer{exit: cmd.ProcessState.ExitCode(), stdout: stdout.String()}
	if text := strings.TrimRight(stderr.String(), "\n"); text != "" {
		a.stderr = strings.Split(text, "\n")
	}
	return a
}

// enterRoom makes folders of this mount namespace private, as the room has them,
// and replaces this program by the one that its arguments name. It returns only
// where that failed.
func enterRoom(folder string) error {
	for _, make := range []func(string) error{ownConfiguration, ownState, ownSysfs, ownProgram} {
		if err := make(folder); err != nil {
			return fmt.Errorf("enter %s: %w", folder, err)
		}
	}
	if err := os.Unsetenv(roomVariable); err != nil {
		return err
	}
	err := syscall.Exec(os.Args[1], os.Args[1:], os.Environ())
	return fmt.Errorf("exec %s: %w", os.Args[1], err)
}

// ownConfiguration puts the room's /etc/iscsi in place. Without open-iscsi there is none to
// mount it on, and /etc becomes a folder of links to what was there before.
func ownConfiguration(folder string) error {
	const etc, iscsi = "/etc", "/etc/iscsi"
	if _, err := os.Stat(iscsi); err != nil {
		before := filepath.Join(folder, "etc")
		if err := os.MkdirAll(before, 0o755); err != nil {
			return err
		}
		entries, err := os.ReadDir(etc)
		if err != nil {
			return err
		}
		if err := bind(etc, before); err != nil {
			return err
		}
		if err := tmpfs(etc); err != nil {
			return err
		}
		for _, e := range entries {
			if err := os.Symlink(filepath.Join(before, e.Name()), filepath.Join(etc, e.Name())); err != nil {
				return err
			}
		}
		if err := os.Mkdir(iscsi, 0o755); err != nil {
			return err
		}
	}
	return database(filepath.Join(folder, "iscsi"), iscsi)
}

// ownState puts the room's /var/lib and an empty /run in place.
func ownState(folder string) error {
	if err := database(filepath.Join(folder, "lib"), "/var/lib"); err != nil {
		return err
	}
	if err := tmpfs("/run"); err != nil {
		return err
	}
	return os.MkdirAll("/run/lock/iscsi", 0o755)
}

// ownSysfs shows the kernel's TCP initiator, whose module need not be loaded.
func ownSysfs(string) error {
	if err := tmpfs("/sys"); err != nil {
		return err
	}
	const transport = "/sys/class/iscsi_transport/tcp"
	if err := os.MkdirAll(transport, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(transport, "handle"), []byte("1\n"), 0o444); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(transport, "caps"), []byte("0x39\n"), 0o444)
}

// ownProgram puts the room's iscsiadm, if it has one, in the place of the system's: some
// callers do not look for it in PATH.
func ownProgram(folder string) error {
	program := filepath.Join(folder, roomProgram)
	if _, err := os.Stat(program); err != nil {
		return nil
	}
	return bind(program, systemProgram)
}

// database mounts a folder in which open-iscsi keeps what it knows.
func database(from, to string) error {
	if err := bind(from, to); err != nil || os.Getenv(readVariable) == "" {
		return err
	}
	if err := unix.Mount("", to, "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
		return fmt.Errorf("mount %s again, read-only: %w", to, err)
	}
	return nil
}

func bind(from, to string) error {
	if err := unix.Mount(from, to, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return fmt.Errorf("mount %s on %s: %w", from, to, err)
	}
	return nil
}

func tmpfs(on string) error {
	if err := unix.Mount("tmpfs", on, "tmpfs", 0, ""); err != nil {
		return fmt.Errorf("mount tmpfs on %s: %w", on, err)
	}
	return nil
}

// realProgram returns the path of open-iscsi's program.
func realProgram(t *testing.T) string {
	t.Helper()
	return need.Program(t, "iscsiadm")
}
