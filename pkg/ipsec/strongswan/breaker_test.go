package strongswan

import (
	"errors"
	"testing"
	"time"
)

// TestBreaker: charon is asked again after a while by one caller, and after
// twice as long where that was for nothing.
func TestBreaker(t *testing.T) {
	t.Parallel()
	var b breaker
	now := time.Now()
	hangs := errors.New("it hangs")
	asked := func(want bool) {
		t.Helper()
		if err := b.check(now); (err == nil) != want || err != nil && !errors.Is(err, hangs) {
			t.Errorf("after %s: got %v, want it asked: %v", b.pause, err, want)
		}
	}
	asked(true)
	if !b.trip(now, hangs) || b.trip(now, hangs) {
		t.Error("that it hangs is news once")
	}
	for pause := hungFirst; pause <= hungLast; pause *= 2 {
		now = now.Add(pause - 1)
		asked(false)
		now = now.Add(1)
		asked(true)
		asked(false) // by another, meanwhile
		if b.trip(now, hangs) {
			t.Error("that it still hangs is news")
		}
	}
	now = now.Add(hungLast)
	asked(true) // and that caller never tells
	now = now.Add(hungLast)
	asked(true)
	b.answered()
	asked(true)
	asked(true)
	if !b.trip(now, hangs) || b.pause != hungFirst {
		t.Errorf("that it hangs again is no news, or it is left alone for %s", b.pause)
	}
}
