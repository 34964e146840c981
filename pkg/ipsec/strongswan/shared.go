package strongswan

import (
	"context"
	"sync"
	"time"
)

// A shared value is found out once for all that want it at a time, and kept for a
// while. It is safe for concurrent use; the zero value is ready to use.
type shared[T any] struct {
	mu    sync.Mutex    // guards the following
	found chan struct{} // closed when it is found out; nil: that is not under way
	until time.Time     // how long it is kept
	value T
	err   error
}

// get returns the value. find has the time of limit, whatever becomes of the
// caller: others wait for it, too.
func (s *shared[T]) get(ctx context.Context, limit, keep time.Duration, find func(context.Context) (T, error)) (T, error) {
	s.mu.Lock()
	if s.found == nil && time.Now().Before(s.until) {
		defer s.mu.Unlock()
		return s.value, s.err
	}
	if s.found == nil {
		s.found = make(chan struct{})
		go s.find(context.WithoutCancel(ctx), limit, keep, find)
	}
	found := s.found
	s.mu.Unlock()
	select {
	case <-found:
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.value, s.err
	case <-ctx.Done():
		var none T
		return none, context.Cause(ctx)
	}
}

func (s *shared[T]) find(ctx context.Context, limit, keep time.Duration, find func(context.Context) (T, error)) {
	ctx, cancel := context.WithTimeoutCause(ctx, limit, &NoAnswerError{Waited: limit})
	defer cancel()
	value, err := find(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.value, s.err, s.until = value, err, time.Now().Add(keep)
	close(s.found)
	s.found = nil
}
