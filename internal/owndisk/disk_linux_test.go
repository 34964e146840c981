package owndisk

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/go-iscsi/discovery/internal/need"
)

// roleVariable makes this test binary a child with a part to play, in the folder
// that the first argument names.
const roleVariable = "OWNDISK_TEST_ROLE"

func TestMain(m *testing.M) {
	var err error
	switch os.Getenv(roleVariable) {
	case "":
		os.Exit(m.Run())
	case "user": // an ordinary user, whose child has the disk
		cmd := self("disk", os.Args[1])
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		isolate(cmd)
		err = cmd.Run()
		if refused(err) {
			err = &refusedError{err}
		}
	case "disk":
		err = useDisk(os.Args[1])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(Status(err))
}

// self returns the command that plays a role. The system follows this link for
// every user, whatever folder the program is in.
func self(role, folder string) *exec.Cmd {
	cmd := exec.Command("/proc/self/exe", folder)
	cmd.Env = []string{roleVariable + "=" + role}
	return cmd
}

// useDisk mounts a disk, writes to it, makes it read-only and reads.
func useDisk(folder string) error {
	if err := Mount(folder, 1<<20); err != nil {
		return err
	}
	file := filepath.Join(folder, "file")
	if err := os.WriteFile(file, []byte("contents"), 0o600); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(folder, "large"), make([]byte, 2<<20), 0o600); !errors.Is(err, unix.ENOSPC) {
		return fmt.Errorf("write 2 MiB to a disk of one: got %v, want ENOSPC", err)
	}
	if err := MakeReadOnly(folder); err != nil {
		return err
	}
	b, err := os.ReadFile(file)
	fmt.Printf("%s", b)
	return err
}

func TestDisk(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if out := Output(t, self("disk", folder)); string(out) != "contents" {
		t.Errorf("got %q, want the contents", out)
	}
	if names, err := os.ReadDir(folder); err != nil || len(names) > 0 {
		t.Errorf("got %v, %v in the folder outside, want nothing", names, err)
	}
}

// TestOrdinaryUser: an ordinary user gets such a disk, too (issue 13, 27). Where
// this test is run by one, TestDisk shows it.
func TestOrdinaryUser(t *testing.T) {
	t.Parallel()
	need.Root(t)
	const nobody = 65534
	folder, err := os.MkdirTemp("", "owndisk") // t.TempDir is in a folder of root's alone
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	if err := os.Chown(folder, nobody, nobody); err != nil {
		t.Fatal(err)
	}
	cmd := self("user", folder)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if refused(err) {
		need.Missing(t, "a user namespace for ordinary users ("+strings.TrimSpace(stderr.String())+")", "sysctl user.max_user_namespaces")
	}
	if err != nil || string(out) != "contents" {
		t.Errorf("got %q, %v, %s; want the contents", out, err, stderr.String())
	}
}

// TestRefused: what the system does not allow is told from what went wrong.
func TestRefused(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		err  error
		want bool
	}{
		{"namespaces are forbidden", &fs.PathError{Op: "fork/exec", Err: syscall.EPERM}, true},
		{"none is left", &fs.PathError{Op: "fork/exec", Err: syscall.ENOSPC}, true},
		{"the kernel has none", &fs.PathError{Op: "fork/exec", Err: syscall.EINVAL}, true},
		{"no program", &fs.PathError{Op: "fork/exec", Err: syscall.ENOENT}, false},
		{"no error", nil, false},
	} {
		if got := refused(tt.err); got != tt.want {
			t.Errorf("%s: got %t, want %t", tt.name, got, tt.want)
		}
	}
	for err, want := range map[error]int{&refusedError{unix.EACCES}: statusRefused, unix.EACCES: 1, nil: 0} {
		if got := Status(err); got != want {
			t.Errorf("%v: got status %d, want %d", err, got, want)
		}
	}
}

// TestMountFlags: the flags that a mount has are those that mount(2) is told.
func TestMountFlags(t *testing.T) {
	t.Parallel()
	const nosuid, noexec, relatime, valid = 0x2, 0x8, 0x1000, 0x20
	if got, want := mountFlags(nosuid|noexec|relatime|valid|0x1), uintptr(unix.MS_NOSUID|unix.MS_NOEXEC|unix.MS_RELATIME); got != want {
		t.Errorf("got %#x, want %#x", got, want)
	}
}
