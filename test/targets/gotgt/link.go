package gotgt

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"
)

// ErrNotReady is the error of a child that ended before it listened: most
// often, its port was taken.
var ErrNotReady = errors.New("gotgt: the child ended before it listened; is its port taken?")

// Start starts a command that calls [Child] and returns when it serves. Stop
// ends it and waits for its end.
//
// A program can be its own child: it starts os.Executable() with an argument
// upon which its main function does nothing but call Child.
func Start(ctx context.Context, cmd *exec.Cmd, cfg Config) (stop func(), err error) {
	l, err := Connect(cmd)
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		l.Close()
		return nil, fmt.Errorf("gotgt: %w", err)
	}
	stop = func() {
		l.Close()
		_ = cmd.Wait() // how it ended is of no interest
	}
	if err := l.Serve(ctx, cfg); err != nil {
		stop()
		return nil, err
	}
	return stop, nil
}

// A Link is the parent's end of the pipes to a child. It is for those who start
// the command themselves, between Connect and Serve; others use [Start].
type Link struct {
	in       io.WriteCloser
	out      *os.File // read end of the child's standard output
	childOut *os.File // write end
}

// Connect connects a command, not yet started, to a Link.
func Connect(cmd *exec.Cmd) (*Link, error) {
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("gotgt: %w", err)
	}
	out, childOut, err := os.Pipe()
	if err != nil {
		in.Close()
		return nil, fmt.Errorf("gotgt: %w", err)
	}
	cmd.Stdout = childOut
	return &Link{in: in, out: out, childOut: childOut}, nil
}

// Serve tells the child, just started, what to serve, and returns when it does.
func (l *Link) Serve(ctx context.Context, cfg Config) error {
	l.childOut.Close() // else the end of the child would not end its output
	defer context.AfterFunc(ctx, func() { _ = l.out.SetReadDeadline(time.Unix(1, 0)) })()
	if err := json.NewEncoder(l.in).Encode(cfg); err != nil {
		return fmt.Errorf("%w (%w)", ErrNotReady, err)
	}
	line, err := bufio.NewReader(l.out).ReadString('\n')
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("gotgt: waiting for the child: %w", context.Cause(ctx))
	case err != nil:
		return fmt.Errorf("%w (%w)", ErrNotReady, err)
	case line != readyLine:
		return fmt.Errorf("gotgt: the child said %q", line)
	}
	return nil
}

// Close ends the child; the caller waits for it.
func (l *Link) Close() {
	l.in.Close()
	l.childOut.Close()
	l.out.Close()
}
