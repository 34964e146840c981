package exit

import (
	"context"
	"errors"
)

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

// WatchError returns the error of a verb that goes on until ctx ends: an interrupt that came
// before the first question has ended it as well, which is no failure.
func WatchError(ctx context.Context, err error) error {
	if ctx.Err() != nil && (errors.Is(err, ctx.Err()) || errors.Is(err, context.Cause(ctx))) {
		return nil
	}
	return err
}
