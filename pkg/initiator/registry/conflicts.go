package registry

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

// How a change of the registry is tried again after a *ConflictError: at most
// maxConflicts tries, with a wait between two that begins with up to
// minConflictWait, doubles with each try up to maxConflictWait, and is cut at
// random, so that writers that met do not meet again. All waits together are under
// two seconds.
const (
	maxConflicts    = 20
	minConflictWait = time.Millisecond
	maxConflictWait = 128 * time.Millisecond
)

// retryConflicts runs change until no other writer was ahead of it, or ctx ends. It
// gives up after maxConflicts tries with the last *ConflictError.
func retryConflicts(ctx context.Context, change func() error) error {
	wait := minConflictWait
	for try := 1; ; try++ {
		err := change()
		var conflict *ConflictError
		if !errors.As(err, &conflict) {
			return err
		}
		if try == maxConflicts {
			last := *conflict
			last.Tries = try
			return &last
		}
		t := time.NewTimer(rand.N(wait) + 1)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return context.Cause(ctx)
		}
		wait = min(2*wait, maxConflictWait)
	}
}
