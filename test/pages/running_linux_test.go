package pages

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/go-iscsi/discovery/internal/need"
	"github.com/go-iscsi/discovery/test/netns"
	"github.com/go-iscsi/discovery/test/output"
)

// patience is for a command that ought to have ended.
const patience = 30 * time.Second

// A running is an example that was started.
type running struct {
	example
	cmd       *exec.Cmd
	process   *netns.Process
	out, errs output.Buffer
	terminal  bool            // out is what was written to a terminal
	drawn     <-chan struct{} // closed when all that was written to the terminal is in out
	endless   bool            // it does not end by itself
}

func (r *running) start(t *testing.T, l *lab) {
	t.Helper()
	r.cmd.Stdout, r.cmd.Stderr = &r.out, &r.errs
	if r.terminal {
		inner, drawn := openTerminal(t, &r.out)
		r.drawn = drawn
		defer inner.Close()
		r.cmd.Stdout, r.cmd.Stderr = inner, inner
		r.cmd.Env = append(r.cmd.Env, "TERM=xterm")
	}
	r.cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWUTS, Setpgid: true}
	p, err := l.host.Start(r.cmd)
	if err != nil {
		t.Fatal(err)
	}
	r.process = p
	t.Cleanup(func() {
		r.signal(syscall.SIGKILL)
		<-p.Done()
	})
}

// signal signals the command and all that it started.
func (r *running) signal(s syscall.Signal) {
	if !r.process.Ended() {
		_ = syscall.Kill(-r.process.Pid(), s) // fails only where they have ended
	}
}

// awaitSame waits until the command has printed what the page says, or does so no more.
func (r *running) awaitSame() {
	r.endless = true
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(patience)
	for !r.match().same() {
		select {
		case <-tick.C:
		case <-r.process.Done():
			return
		case <-limit:
			return
		}
	}
}

// await waits for the end of the command.
func (r *running) await(t *testing.T, path string) {
	t.Helper()
	select {
	case <-r.process.Done():
	case <-time.After(patience):
		r.signal(syscall.SIGKILL)
		<-r.process.Done()
		t.Errorf("%s:%d: %s does not end; what ends by Ctrl-C has the mark <!-- %s -->", path, r.line, r.command, markInterrupted)
	}
}

// match holds the page against what was printed so far.
func (r *running) match() *matcher {
	if r.terminal {
		return match(r.want, onScreen(r.out.String()), "")
	}
	return match(r.want, r.out.String(), r.errs.String())
}

// repeat has a question to a server asked again until the page has the answer, since the
// server asks portals meanwhile.
func (r *running) repeat(t *testing.T, l *lab, path string) *running {
	t.Helper()
	for limit := time.Now().Add(patience); ; {
		r.await(t, path)
		if r.match().same() || time.Now().After(limit) {
			return r
		}
		r = &running{cmd: l.command(t, r.command), example: r.example}
		r.start(t, l)
	}
}

// compare holds the page against what was printed.
func (r *running) compare(t *testing.T, path string) {
	t.Helper()
	if r.terminal && !r.endless {
		<-r.drawn
	}
	m := r.match()
	if !m.same() {
		t.Errorf("%s:%d: $ %s\n  the page and the command differ from here on (blanks, times and the like are masked):%s\nall of standard output:\n%s\nall of standard error:\n%s",
			path, r.line, r.command, m.difference(), r.out.String(), r.errs.String())
		return
	}
	var exit *exec.ExitError
	if r.endless || !errors.As(r.process.Wait(), &exit) {
		return
	}
	// A page shows that a command failed by what it printed.
	if !m.showsError() && !r.terminal && !strings.Contains(r.command, "|") {
		t.Errorf("%s:%d: $ %s: got %v, and the page has no line of standard error that says so", path, r.line, r.command, exit)
	}
}

// openTerminal makes a terminal of 100 columns and returns the file that a program has of
// it. What is written there goes to out, until the program and the caller have closed it.
func openTerminal(t *testing.T, out io.Writer) (inner *os.File, drawn <-chan struct{}) {
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
	if err == nil {
		inner, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		_, _ = io.Copy(out, outer) // ends with an error, when the inner file is closed
		close(done)
	}()
	return inner, done
}
