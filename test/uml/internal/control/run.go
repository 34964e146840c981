//go:build unix

package control

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// pipeDelay is how long a command's output may stay open after its end, held by
// a daemon that it left behind, or not sent yet on a busy machine.
const pipeDelay = 3 * time.Second

// run runs a command, sends what it prints, and returns the last reply.
func run(ctx context.Context, id uint64, c *Command, send func(Reply) error) Reply {
	if len(c.Args) == 0 {
		return done(id, errors.New("control: no command"))
	}
	cmd := exec.CommandContext(ctx, c.Args[0], c.Args[1:]...)
	cmd.Env = append(os.Environ(), c.Env...)
	cmd.Stdin = bytes.NewReader(c.Stdin)
	cmd.Stdout = writer(func(p []byte) error { return send(Reply{ID: id, Stdout: p}) })
	cmd.Stderr = writer(func(p []byte) error { return send(Reply{ID: id, Stderr: p}) })
	// All that the command started ends with it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = pipeDelay
	err := cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) || errors.Is(err, exec.ErrWaitDelay) {
		return Reply{ID: id, Done: true, Status: cmd.ProcessState.ExitCode()}
	}
	return done(id, err)
}

// A writer sends what is written.
type writer func([]byte) error

func (w writer) Write(p []byte) (int, error) {
	if err := w(p); err != nil {
		return 0, err
	}
	return len(p), nil
}
