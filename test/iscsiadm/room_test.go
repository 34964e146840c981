//go:build linux

package iscsiadm

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/internal/need"
)

const (
	configFile = "/etc/iscsi/iscsid.conf"
	threadFile = "/proc/thread-self/ns/mnt" // the calling thread's mount namespace
	runLimit   = time.Minute
)

// conf is the private iscsid.conf. With it a refused portal is tried once, and a
// silent one for three seconds.
const conf = `discovery.sendtargets.reopen_max = 0
discovery.sendtargets.timeo.login_timeout = 3
discovery.sendtargets.iscsi.MaxRecvDataSegmentLength = 32768
node.startup = manual
`

// A room is where programs run that use open-iscsi's files: a mount namespace in which
// folders of the system are folders of the test. What programs write there stays for the
// next one.
type room struct {
	t        *testing.T
	folder   string
	env      []string // in addition to this program's
	readOnly bool     // open-iscsi's files may only be read; to be set before the first program
	mounts   *os.File // holds the namespace; nil before the first program
}

// newRoom returns a room with an empty database.
func newRoom(t *testing.T) *room {
	t.Helper()
	need.Root(t)
	r := &room{t: t, folder: t.TempDir()}
	for _, name := range []string{"iscsi", "lib", "home"} {
		if err := os.Mkdir(filepath.Join(r.folder, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	r.write("iscsi/iscsid.conf", conf)
	r.write("iscsi/initiatorname.iscsi", "InitiatorName="+initiator+"\n")
	r.env = []string{
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
	cmd := exec.Command(program, args...)
	cmd.Env = append(os.Environ(), r.env...)
	return cmd
}

// A process runs in a room. It dies with us.
type process struct {
	done chan struct{}
	err  error // of Wait; to be read after done is closed
	kill func() error
}

// start starts a command of the room. The process ends with the test, if not before.
func (r *room) start(cmd *exec.Cmd) *process {
	r.t.Helper()
	p := &process{done: make(chan struct{}), kill: func() error { return cmd.Process.Kill() }}
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.WaitDelay = time.Second
	started := make(chan error)
	go func() {
		// Never unlocked: a thread in another mount namespace ends with its
		// goroutine, and with it its child.
		runtime.LockOSThread()
		err := r.enter()
		if err == nil {
			err = cmd.Start()
		}
		started <- err
		if err == nil {
			p.err = cmd.Wait()
			close(p.done)
		}
	}()
	if err := <-started; err != nil {
		r.t.Fatalf("%q: %v", cmd.Args, err)
	}
	r.t.Cleanup(p.end)
	return p
}

// end ends the process and waits until it is gone.
func (p *process) end() {
	_ = p.kill() // fails only where the process has ended
	<-p.done
}

// finish runs a command of the room to its end.
func (r *room) finish(cmd *exec.Cmd) answer {
	r.t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	p := r.start(cmd)
	select {
	case <-p.done:
	case <-time.After(runLimit):
		p.end()
		r.t.Fatalf("%q did not end in %v: %s%s", cmd.Args, runLimit, &stdout, &stderr)
	}
	var exit *exec.ExitError
	if p.err != nil && (!errors.As(p.err, &exit) || !exit.Exited()) {
		r.t.Fatalf("%q: %v: %s", cmd.Args, p.err, &stderr)
	}
	a := answer{exit: cmd.ProcessState.ExitCode(), stdout: stdout.String()}
	if text := strings.TrimRight(stderr.String(), "\n"); text != "" {
		a.stderr = strings.Split(text, "\n")
	}
	return a
}

// realProgram returns the path of open-iscsi's program.
func realProgram(t *testing.T) string {
	t.Helper()
	return need.Program(t, "iscsiadm")
}
