package storetest

import (
	"context"
	"errors"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

func testCancelled(t *testing.T, s registry.Store) {
	apply(t, s, set("k", "1"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Get(ctx, "k"); !errors.Is(err, context.Canceled) {
		t.Errorf("Get: got %v, want context.Canceled", err)
	}
	if err := s.Apply(ctx, set("k", "2")); !errors.Is(err, context.Canceled) {
		t.Errorf("Apply: got %v, want context.Canceled", err)
	}
	n := 0
	for _, err := range s.List(ctx, "k") {
		n++
		if !errors.Is(err, context.Canceled) {
			t.Errorf("List: got %v, want context.Canceled", err)
		}
	}
	if n != 1 {
		t.Errorf("List: got %d rounds, want one, with the error", n)
	}
	want(t, s, "k", "1")
}

func testListCancelled(t *testing.T, s registry.Store) {
	fill(t, s, "k", many)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	n := 0
	var last error
	for _, err := range s.List(ctx, "k") {
		if last != nil {
			t.Fatal("List goes on after an error")
		}
		last = err
		if n++; n == 2 {
			cancel()
		}
	}
	if !errors.Is(last, context.Canceled) || n != 3 {
		t.Errorf("cancelled at the second record: got %v after %d rounds, want context.Canceled at the third", last, n)
	}
	want(t, s, "k000000", "value of k000000") // the store has taken no harm
}

// testCancelledAnywhere cancels an Apply at any moment: what it returns is what
// it did, all or none of it.
func testCancelledAnywhere(t *testing.T, s registry.Store) {
	const rounds = 200
	last, cancelled := "", 0
	for i := range rounds {
		value := strconv.Itoa(i)
		ctx, cancel := context.WithTimeout(t.Context(), rand.N(time.Millisecond))
		err := s.Apply(ctx, set("a", value), set("b", value))
		cancel()
		switch {
		case err == nil:
			last = value
		case errors.Is(err, context.DeadlineExceeded):
			cancelled++
		default:
			t.Fatalf("got %v, want nil or context.DeadlineExceeded", err)
		}
		for _, key := range []string{"a", "b"} {
			if got := string(get(t, s, key).Value); got != last {
				t.Fatalf("round %d, with the outcome %v: got %s = %q, want %q", i, err, key, got, last)
			}
		}
	}
	t.Logf("%d of %d were cancelled", cancelled, rounds)
}
