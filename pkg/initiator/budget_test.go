package initiator

import (
	"context"
	"errors"
	"testing"
	"time"
)

// TestBudgetAbort: a piece of work is ended as long as it is under way; a later one of
// the same budget is not meant.
func TestBudgetAbort(t *testing.T) {
	t.Parallel()
	b := newBudget(t.Context())
	defer b.end()
	enough, late := errors.New("enough"), errors.New("late")
	b.start(time.Hour)
	first := b.current()
	if !b.stop() {
		t.Fatal("the budget cannot serve another piece of work")
	}
	b.abort(first, late)
	b.start(time.Hour)
	if b.abort(first, late); b.ctx.Err() != nil {
		t.Fatalf("another piece of work was ended: %v", context.Cause(b.ctx))
	}
	if b.abort(b.current(), enough); context.Cause(b.ctx) != enough {
		t.Errorf("got %v, want %v", context.Cause(b.ctx), enough)
	}
	if b.stop() {
		t.Error("the budget can serve another piece of work")
	}
}
