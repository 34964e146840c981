package command

import (
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/go-iscsi/discovery/test/iscsitest"
	"github.com/go-iscsi/discovery/test/output"
)

// TestWatchTerminal: on a real terminal the portals are drawn in place, also after the
// terminal has become smaller, and the last state stays.
func TestWatchTerminal(t *testing.T) {
	t.Parallel()
	good := iscsitest.Listen(t, &iscsitest.Target{Records: []iscsitest.Record{{Name: "iqn.2026-11.com.example:disk1"}}})
	outer, inner := openTerminal(t)
	cmd := exec.Command(filepath.Join(binDir, "discover"), "watch", "--now", "--every", "1s", good.Addr.String(), "127.0.0.1:1")
	cmd.Stdout, cmd.Stderr = inner, inner
	cmd.Env = append(cmd.Environ(), "TERM=xterm", "LC_ALL=C.UTF-8")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill() }()
	var shown output.Buffer
	all := make(chan struct{})
	go func() {
		defer close(all)
		_, _ = io.Copy(&shown, outer) // ends with an error, when the command has closed the inner file
	}()
	if err := shown.Await(time.Minute, "1 of 2 paths up · 1 failed · next in "); err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetWinsize(int(inner.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 4, Col: 60}); err != nil {
		t.Fatal(err)
	}
	if err := shown.Await(time.Minute, " more"); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	inner.Close()
	<-all
	text := shown.String()
	before, after, cleared := strings.Cut(text, "\x1b[H\x1b[2J")
	if !strings.Contains(before, "LAST CHANGE") || !strings.Contains(before, "DOWN") || !strings.Contains(before, "1 of 2 paths up · 1 failed · next in ") || !cleared {
		t.Errorf("before it became smaller: %q", text)
	}
	if !strings.Contains(after, "… and 1 more") && !strings.Contains(after, "… and 2 more") || !strings.HasSuffix(text, "\n") {
		t.Errorf("after it became smaller: %q", after)
	}
	for frame := range strings.SplitSeq(after, "\x1b[") {
		if strings.Count(frame, "\n") > 3 {
			t.Errorf("more lines than the terminal has: %q", frame)
		}
	}
}
