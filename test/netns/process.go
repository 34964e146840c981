package netns

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"
)

// pipeDelay is how long a process's output may stay open after its end, held
// by a grandchild.
const pipeDelay = 2 * time.Second

// A Process is a child that dies with us. On Linux that holds however we end;
// elsewhere the child has to notice for itself.
type Process struct {
	cmd  *exec.Cmd
	done chan struct{}
	err  error // of Wait; to be read after done is closed
}

// Start starts cmd in the namespace; in a nil one, where the whole program is.
func (n *Namespace) Start(cmd *exec.Cmd) (*Process, error) {
	p := &Process{cmd: cmd, done: make(chan struct{})}
	if cmd.WaitDelay == 0 {
		cmd.WaitDelay = pipeDelay
	}
	dieWithParent(cmd)
	started := make(chan error)
	go func() {
		// A child's death signal is sent when the thread that started it
		// ends, so the thread stays with the child for as long as it lives.
		runtime.LockOSThread()
		if n == nil {
			defer runtime.UnlockOSThread()
		} else if err := n.enter(); err != nil {
			// Not unlocked, here and below: a thread in another namespace
			// ends with its goroutine.
			started <- err
			return
		}
		if err := cmd.Start(); err != nil {
			started <- fmt.Errorf("netns: start: %w", err)
			return
		}
		started <- nil
		p.err = cmd.Wait()
		close(p.done)
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return p, nil
}

// Run runs cmd in the namespace and waits for its end.
func (n *Namespace) Run(cmd *exec.Cmd) error {
	p, err := n.Start(cmd)
	if err != nil {
		return err
	}
	return p.Wait()
}

// Output runs a command in the namespace and returns what it printed; the test
// fails if it does.
func (n *Namespace) Output(t testing.TB, name string, args ...string) string {
	t.Helper()
	var out bytes.Buffer
	cmd := exec.Command(name, args...)
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := n.Run(cmd); err != nil {
		t.Fatalf("netns: %s: %v: %s", cmd, err, out.String())
	}
	return out.String()
}

// Pid returns the process's number.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// Done is closed when the process has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Ended tells whether the process has ended.
func (p *Process) Ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// Wait waits for the end of the process and returns what exec.Cmd.Wait does.
func (p *Process) Wait() error {
	<-p.done
	return p.err
}

// Signal sends a signal. To signal a process that has ended is no error.
func (p *Process) Signal(sig os.Signal) error {
	if err := p.cmd.Process.Signal(sig); err != nil && err != os.ErrProcessDone {
		return fmt.Errorf("netns: signal: %w", err)
	}
	return nil
}

// Kill ends the process and waits until it is gone.
func (p *Process) Kill() {
	_ = p.Signal(os.Kill) // fails only where the process has ended
	<-p.done
}
