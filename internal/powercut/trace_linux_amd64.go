package powercut

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/go-iscsi/discovery/internal/need"
)

// Run runs a child to its end and records what it does. It may have no child of its
// own. The result is its exit status and what it wrote to standard error.
func (d *Disk) Run(t testing.TB, cmd *exec.Cmd) (status int, stderr string) {
	t.Helper()
	return d.RunUntil(t, cmd, -1)
}

// RunUntil is Run, but the child is killed after so many changes; negative: never.
// The status of a child that was killed is -1.
func (d *Disk) RunUntil(t testing.TB, cmd *exec.Cmd, changes int) (status int, stderr string) {
	t.Helper()
	messages, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	defer messages.Close()
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	tr := newTracer(d, changes)
	if cmd.Err != nil {
		t.Fatal(cmd.Err)
	}
	status, err = tr.run(cmd, []uintptr{null.Fd(), null.Fd(), messages.Fd()})
	b, readErr := os.ReadFile(messages.Name())
	switch {
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.EACCES), errors.Is(err, unix.ENOSYS):
		need.Missing(t, "ptrace(2) ("+err.Error()+")", "allow processes to trace their children")
	case err != nil || readErr != nil:
		t.Fatalf("%v %s", errors.Join(err, readErr), b)
	}
	return status, string(b)
}

// A tracer follows a child, all of its threads, through the system calls.
type tracer struct {
	d     *Disk
	pid   int
	limit int // of changes, after which the child is killed; negative: none

	fds   map[int]int         // descriptors of files and folders in the folder, and their numbers
	known map[int]bool        // threads that had their first stop
	calls map[int]func(int64) // by thread: what to do with the result of the call it is in
	err   error               // why the record cannot be made
}

// newTracer returns a tracer for a child that may make so many changes.
func newTracer(d *Disk, changes int) *tracer {
	tr := &tracer{d: d, limit: -1, fds: make(map[int]int), known: make(map[int]bool), calls: make(map[int]func(int64))}
	if changes >= 0 {
		tr.limit = len(d.changes) + changes
	}
	return tr
}

// traceOptions: threads are traced, the start of another process is told, and the
// child ends with this process.
const traceOptions = unix.PTRACE_O_TRACESYSGOOD | unix.PTRACE_O_TRACECLONE | unix.PTRACE_O_TRACEFORK | unix.PTRACE_O_TRACEVFORK | unix.PTRACE_O_EXITKILL

// run runs the child. All of ptrace is for one thread of this process.
func (tr *tracer) run(cmd *exec.Cmd, files []uintptr) (status int, err error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	env := cmd.Env
	if env == nil {
		env = os.Environ()
	}
	// A process group of its own is what to wait for: other tests have children, too.
	tr.pid, err = syscall.ForkExec(cmd.Path, cmd.Args, &syscall.ProcAttr{
		Dir: cmd.Dir, Env: env, Files: files, Sys: &syscall.SysProcAttr{Ptrace: true, Setpgid: true},
	})
	if err != nil {
		return 0, err
	}
	ended := false
	defer func() {
		if !ended {
			tr.kill()
			_, _ = syscall.Wait4(tr.pid, nil, syscall.WALL, nil)
		}
	}()
	tr.known[tr.pid] = true
	var ws syscall.WaitStatus
	if _, err := wait(tr.pid, &ws); err != nil {
		return 0, err
	}
	if err := syscall.PtraceSetOptions(tr.pid, traceOptions); err != nil {
		tr.err = err
		tr.kill()
	}
	for id := tr.pid; ; {
		if err := tr.resume(id, ws); err != nil {
			return 0, err
		}
		if id, err = wait(-tr.pid, &ws); err != nil {
			return 0, err
		}
		if ended = id == tr.pid && (ws.Exited() || ws.Signaled()); ended {
			return ws.ExitStatus(), tr.err
		}
	}
}

func wait(id int, ws *syscall.WaitStatus) (int, error) {
	for {
		got, err := syscall.Wait4(id, ws, syscall.WALL, nil)
		if !errors.Is(err, syscall.EINTR) {
			return got, err
		}
	}
}

// kill ends the child; what it does from now on is not recorded.
func (tr *tracer) kill() { _ = syscall.Kill(tr.pid, syscall.SIGKILL) }

// fail ends a child of which no true record can be made.
func (tr *tracer) fail(format string, args ...any) {
	if tr.err == nil {
		tr.err = fmt.Errorf(format, args...)
		tr.kill()
	}
}

// resume looks at why a thread has stopped, and lets it go on.
func (tr *tracer) resume(id int, ws syscall.WaitStatus) error {
	if !ws.Stopped() {
		return nil // a thread has ended
	}
	signal := 0
	switch sig := ws.StopSignal(); {
	case sig == syscall.SIGTRAP|0x80:
		tr.call(id)
	case sig == syscall.SIGTRAP && (ws.TrapCause() == unix.PTRACE_EVENT_FORK || ws.TrapCause() == unix.PTRACE_EVENT_VFORK):
		tr.fail("the child starts another process")
	case sig == syscall.SIGTRAP && ws.TrapCause() >= 0: // another event, or the start
	case sig == syscall.SIGSTOP && !tr.known[id]:
		tr.known[id] = true
	default:
		signal = int(sig)
	}
	if err := syscall.PtraceSyscall(id, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
		return err
	}
	return nil
}

// callInfo is struct ptrace_syscall_info of ptrace(2), as far as it goes here.
type callInfo struct {
	op     uint8
	_      [3]uint8
	arch   uint32
	_      [2]uint64
	values [7]uint64 // at entry the number and the arguments, at exit the result
}

const (
	getCallInfo = 0x420e // PTRACE_GET_SYSCALL_INFO
	callEntry   = 1
	callExit    = 2
)

// call records a system call that a thread begins or ends.
func (tr *tracer) call(id int) {
	var info callInfo
	_, _, errno := syscall.Syscall6(syscall.SYS_PTRACE, getCallInfo, uintptr(id), unsafe.Sizeof(info), uintptr(unsafe.Pointer(&info)), 0, 0)
	if errno == syscall.ESRCH {
		return // it was killed
	}
	if errno != 0 {
		tr.fail("look at a system call: %w", errno)
		return
	}
	if tr.err != nil || tr.full() {
		return
	}
	switch info.op {
	case callEntry:
		tr.calls[id] = tr.enter(info.values[0], [6]uint64(info.values[1:]))
	case callExit:
		if done := tr.calls[id]; done != nil && int64(info.values[0]) >= 0 {
			done(int64(info.values[0]))
		}
		delete(tr.calls, id)
		if tr.full() {
			tr.kill()
		}
	}
}

// full reports that the child has made as many changes as it may.
func (tr *tracer) full() bool { return tr.limit >= 0 && len(tr.d.changes) >= tr.limit }

// note adds a change.
func (tr *tracer) note(c change) { tr.d.changes = append(tr.d.changes, c) }

// memory returns bytes of the child.
func (tr *tracer) memory(address, length uint64) []byte {
	b := make([]byte, length)
	if length == 0 {
		return b
	}
	local := []unix.Iovec{{Base: &b[0], Len: length}}
	n, err := unix.ProcessVMReadv(tr.pid, local, []unix.RemoteIovec{{Base: uintptr(address), Len: int(length)}}, 0)
	if err != nil || uint64(n) != length {
		tr.fail("read %d bytes of the child: %d, %v", length, n, err)
	}
	return b
}

// text returns a string of the child, which ends with a zero byte.
func (tr *tracer) text(address uint64) string {
	const page = 4096
	var s []byte
	for len(s) < unix.PathMax {
		b := tr.memory(address, page-address%page) // a string may end where memory does
		if i := bytes.IndexByte(b, 0); i >= 0 || tr.err != nil {
			return string(append(s, b[:max(i, 0)]...))
		}
		s, address = append(s, b...), address+uint64(len(b))
	}
	tr.fail("a path has no end")
	return ""
}

// path returns an absolute path that the child means.
func (tr *tracer) path(folder int, address uint64) string {
	path := tr.text(address)
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	link := fmt.Sprintf("/proc/%d/cwd", tr.pid)
	if folder != unix.AT_FDCWD {
		link = fmt.Sprintf("/proc/%d/fd/%d", tr.pid, folder)
	}
	base, err := os.Readlink(link)
	if err != nil {
		tr.fail("%w", err)
	}
	return filepath.Join(base, path)
}
