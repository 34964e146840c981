package owndisk

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/go-iscsi/discovery/internal/need"
)

// Output runs a child, which calls Mount and ends with the status that Status
// returns for its error, and returns its standard output. Where the system allows
// no such namespaces, the test is skipped; any other failure of the child ends the
// test.
func Output(t testing.TB, cmd *exec.Cmd) []byte {
	t.Helper()
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	isolate(cmd)
	out, err := cmd.Output()
	if refused(err) {
		need.Missing(t, fmt.Sprintf("a mount namespace (%v %s)", err, bytes.TrimSpace(stderr.Bytes())), "run the tests as root, or allow user namespaces (sysctl user.max_user_namespaces)")
	}
	if err != nil {
		t.Fatalf("%v\n%s\n%s", err, out, stderr.Bytes())
	}
	return out
}

// isolate gives cmd namespaces of its own.
func isolate(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
	if os.Geteuid() != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: os.Geteuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getegid(), Size: 1}}
	}
}

// refused reports that the system allows no such namespaces: they are forbidden,
// their number is limited to none, or the kernel does not have them.
func refused(err error) bool {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode() == statusRefused
	}
	for _, errno := range []syscall.Errno{syscall.EPERM, syscall.EACCES, syscall.ENOSPC, syscall.EUSERS, syscall.EINVAL, syscall.ENOSYS} {
		if errors.Is(err, errno) {
			return true
		}
	}
	return false
}

// Mount puts an empty disk of so many bytes at a folder that is there. The child
// calls it.
func Mount(folder string, size int) error {
	// What is mounted here is not to be seen outside.
	err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, "")
	if err == nil {
		err = unix.Mount("tmpfs", folder, "tmpfs", 0, fmt.Sprintf("mode=700,size=%d", size))
	}
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) {
		return &refusedError{err}
	}
	return err
}

// MakeReadOnly makes the disk at folder one that cannot be written to, and tries
// that. The child calls it.
func MakeReadOnly(folder string) error {
	// Issue 13, 27: mount(8) fails here in a user namespace, because it hands back
	// every option that the mount shows, the owner (uid=65534) among them. That is
	// the number outside, and the namespace knows no such user. What must be handed
	// back are the flags, which a namespace may not take away.
	var fs unix.Statfs_t
	if err := unix.Statfs(folder, &fs); err != nil {
		return err
	}
	if err := unix.Mount("tmpfs", folder, "tmpfs", unix.MS_REMOUNT|unix.MS_RDONLY|mountFlags(int64(fs.Flags)), ""); err != nil {
		return fmt.Errorf("remount: %w", err)
	}
	file := filepath.Join(folder, "written")
	if err := os.WriteFile(file, nil, 0o600); !errors.Is(err, unix.EROFS) {
		return fmt.Errorf("write to a disk that was made read-only: got %v, want EROFS", err)
	}
	return nil
}

// What statfs(2) says of a mount. But for the last, mount(2) has the same numbers.
const (
	statSame     = 0x2 | 0x4 | 0x8 | 0x400 | 0x800 // nosuid, nodev, noexec, noatime, nodiratime
	statRelatime = 0x1000
)

// mountFlags returns the flags that mount(2) takes for those that statfs(2) told.
func mountFlags(stat int64) uintptr {
	flags := uintptr(stat & statSame)
	if stat&statRelatime != 0 {
		flags |= unix.MS_RELATIME
	}
	return flags
}
