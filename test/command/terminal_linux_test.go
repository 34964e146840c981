package command

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/go-iscsi/discovery/internal/need"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// openTerminal makes a terminal: what is written to the inner file can be read
// from the outer one.
func openTerminal(t *testing.T) (outer, inner *os.File) {
	t.Helper()
	outer, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		need.Missing(t, "a terminal of its own ("+err.Error()+")", "mount devpts at /dev/pts")
	}
	t.Cleanup(func() { outer.Close() })
	number := 0
	control, err := outer.SyscallConn()
	if err == nil {
		err = errors.Join(err, control.Control(func(fd uintptr) {
			if err = unix.IoctlSetPointerInt(int(fd), unix.TIOCSPTLCK, 0); err == nil {
				number, err = unix.IoctlGetInt(int(fd), unix.TIOCGPTN)
			}
			if err == nil {
				err = unix.IoctlSetWinsize(int(fd), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 100})
			}
		}))
	}
	if err != nil {
		t.Fatal(err)
	}
	inner, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { inner.Close() })
	return outer, inner
}

// TestTerminal: on a real terminal a sweep shows how far it is, and takes that away
// at the end; in a file there is nothing of it.
func TestTerminal(t *testing.T) {
	t.Parallel()
	name := "iqn.2026-11.com.example:of-the-target"
	silent := iscsitest.Listen(t, iscsitest.Script{iscsitest.Silence()})
	args := []string{"scan", "--timeout", "4s", "-o", "iscsiadm", silent.Addr.String()} // long enough for the line to be there
	for range 20 {                                                                      // portals: one that is given 20 times is asked once
		good := iscsitest.Listen(t, &iscsitest.Target{Records: []iscsitest.Record{{Name: name}}})
		args = append(args, good.Addr.String())
	}
	run := func(stderr *os.File) string {
		cmd := exec.Command(filepath.Join(binDir, "discover"), args...)
		cmd.Stderr = stderr
		out, err := cmd.Output()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != 3 {
			t.Errorf("got %v, want exit status 3", err)
		}
		if strings.Count(string(out), name) != 20 {
			t.Errorf("standard output: %s", out)
		}
		return string(out)
	}
	outer, inner := openTerminal(t)
	shown := make(chan string)
	go func() {
		b, _ := io.ReadAll(outer) // ends with an error, when the command has closed the inner file
		shown <- string(b)
	}()
	run(inner)
	inner.Close()
	got := <-shown
	if !strings.Contains(got, "\r21 of 21 asked, 21 connected, 20 logged in, 20 targets, ") {
		t.Errorf("the terminal got %q, without progress", got)
	}
	if strings.Contains(got, name) {
		t.Errorf("the terminal got %q, with a target in it", got)
	}
	if _, rest, ok := strings.Cut(got[strings.LastIndex(got, " asked"):], "\r"); !ok || strings.Trim(strings.SplitN(rest, "\r", 2)[0], " ") != "" {
		t.Errorf("the terminal got %q: the line stays", got)
	}

	file, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	run(file)
	if b, err := os.ReadFile(file.Name()); err != nil || strings.Contains(string(b), "asked") || strings.Contains(string(b), "\r") {
		t.Errorf("a file got %q; %v", b, err)
	}
}
