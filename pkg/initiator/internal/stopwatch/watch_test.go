package stopwatch

import (
	"context"
	"errors"
	"testing"
	"time"
)

// TestAbort: a piece of work is ended as long as it is under way; a later one of
// the same Watch is not meant.
func TestAbort(t *testing.T) {
	t.Parallel()
	b := New(t.Context(), func(limit time.Duration) error { return errors.New("late") })
	defer b.End()
	enough, late := errors.New("enough"), errors.New("late")
	b.Start(time.Hour)
	first := b.Current()
	if !b.Stop() {
		t.Fatal("the Watch cannot serve another piece of work")
	}
	b.Abort(first, late)
	b.Start(time.Hour)
	if b.Abort(first, late); b.Ctx.Err() != nil {
		t.Fatalf("another piece of work was ended: %v", context.Cause(b.Ctx))
	}
	if b.Abort(b.Current(), enough); context.Cause(b.Ctx) != enough {
		t.Errorf("got %v, want %v", context.Cause(b.Ctx), enough)
	}
	if b.Stop() {
		t.Error("the Watch can serve another piece of work")
	}
}
