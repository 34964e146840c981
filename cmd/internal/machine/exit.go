package machine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"syscall"
)

// The exit status.
const (
	ExitOK     = 0
	ExitFailed = 1 // no portal answered, or the operation failed
	ExitUsage  = 2 // the command line was not understood: nothing was sent or stored
	ExitPartly = 3 // some portals did not answer
)

// A UsageError is a command line that was not understood. Its text says what
// would be right, and never repeats what may be a secret.
type UsageError struct{ Text string }

// Error is the text.
func (e *UsageError) Error() string { return e.Text }

// Usagef returns a UsageError.
func Usagef(format string, args ...any) error {
	return &UsageError{Text: fmt.Sprintf(format, args...)}
}

// A StatusError is an exit status of which everything was said already.
type StatusError int

// Error names the exit status.
func (e StatusError) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// WatchError returns the error of a verb that goes on until ctx ends: an interrupt that came
// before the first question has ended it as well, which is no failure.
func WatchError(ctx context.Context, err error) error {
	if ctx.Err() != nil && (errors.Is(err, ctx.Err()) || errors.Is(err, context.Cause(ctx))) {
		return nil
	}
	return err
}

// IsBrokenPipe reports that the reader of a pipe has closed it. Where it is standard
// output, most systems have ended the process by then.
func IsBrokenPipe(err error) bool {
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

// WithCancellation makes ctx end with a cancellation rather than with what ends
// its parent.
func WithCancellation(parent context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(parent))
	stop := context.AfterFunc(parent, func() { cancel(cancellation{}) })
	return ctx, func() {
		stop()
		cancel(nil)
	}
}
