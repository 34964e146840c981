package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"syscall"
)

// The exit status.
const (
	exitOK     = 0
	exitFailed = 1 // no portal answered, or the operation failed
	exitUsage  = 2 // the command line was not understood: nothing was sent or stored
	exitPartly = 3 // some portals did not answer
)

// A usageError is a command line that was not understood. Its text says what
// would be right, and never repeats what may be a secret.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

func usagef(format string, args ...any) error {
	return &usageError{text: fmt.Sprintf(format, args...)}
}

// A statusError is an exit status of which everything was said already.
type statusError int

func (e statusError) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// exit reports how the run ended and returns the exit status.
func (c *command) exit(err error) int {
	var (
		status statusError
		usage  *usageError
	)
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &status):
		return int(status)
	case errors.As(err, &usage):
		c.say("%s", usage.text)
		return exitUsage
	case isBrokenPipe(err):
		return exitFailed // whoever read our output has seen enough
	}
	c.say("%v", err)
	return exitFailed
}

// isBrokenPipe reports that nobody reads what was written. Where it is standard
// output, most systems have ended the process by then.
func isBrokenPipe(err error) bool {
	const errorBrokenPipe, errorNoData = 109, 232 // of Windows
	var errno syscall.Errno
	return errors.Is(err, syscall.EPIPE) || errors.Is(err, io.ErrClosedPipe) ||
		isWindows && errors.As(err, &errno) && (errno == errorBrokenPipe || errno == errorNoData)
}

// A cancellation is why a run ended before it was through. It is
// context.Canceled.
type cancellation struct{}

func (cancellation) Error() string { return "cancelled" }

// Is reports that it is context.Canceled.
func (cancellation) Is(target error) bool { return target == context.Canceled }

// withCancellation makes ctx end with a cancellation rather than with what ends
// its parent.
func withCancellation(parent context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(parent))
	stop := context.AfterFunc(parent, func() { cancel(cancellation{}) })
	return ctx, func() {
		stop()
		cancel(nil)
	}
}
