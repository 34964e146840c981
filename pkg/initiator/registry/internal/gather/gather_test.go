package gather_test

import (
	"fmt"
	"iter"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator/registry/internal/gather"
)

// numbers yields the numbers below n.
func numbers(n int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := range n {
			if !yield(i) {
				return
			}
		}
	}
}

func one(*int) int { return 1 }

// TestGroups: a group is what came while the loop was busy, and waits for no more.
func TestGroups(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name       string
		n          int
		most, room int
		every      time.Duration // a value comes
		want       string
	}{
		{"none", 0, 4, 100, 0, "[]"},
		{"at once", 6, 4, 100, 0, "[[0] [1 2 3 4] [5]]"},
		{"little room", 6, 4, 1, 0, "[[0] [1 2] [3 4] [5]]"},
		{"slowly", 3, 4, 100, time.Hour, "[[0] [1] [2]]"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				values := func(yield func(int) bool) {
					for i := range numbers(tt.n) {
						if time.Sleep(tt.every); !yield(i) {
							return
						}
						if i == 0 {
							time.Sleep(time.Millisecond) // the loop takes the first by itself
						}
					}
				}
				groups := [][]int{}
				for g := range gather.Groups(values, tt.most, tt.room, one) {
					groups = append(groups, slices.Clone(g))
					time.Sleep(time.Minute)
				}
				if got := fmt.Sprint(groups); got != tt.want {
					t.Errorf("got %s, want %s", got, tt.want)
				}
			})
		})
	}
}

// TestLeft: leaving the loop ends the sequence before it goes on.
func TestLeft(t *testing.T) {
	t.Parallel()
	ended := false
	values := func(yield func(int) bool) {
		defer func() { ended = true }()
		for i := 0; yield(i); i++ {
		}
	}
	for range gather.Groups(values, 4, 100, one) {
		break
	}
	if !ended {
		t.Error("the sequence goes on")
	}
}

// TestPanic: what the sequence does not survive, the loop does not, either.
func TestPanic(t *testing.T) {
	t.Parallel()
	values := func(yield func(int) bool) {
		yield(1)
		panic("broken")
	}
	defer func() {
		if got := recover(); got != "broken" {
			t.Errorf("panic with %v", got)
		}
	}()
	for range gather.Groups(values, 4, 100, one) {
	}
}

// TestGoexit: a sequence whose goroutine ends has that of the loop end.
func TestGoexit(t *testing.T) {
	t.Parallel()
	left, returned := make(chan struct{}), false
	go func() {
		defer close(left)
		for range gather.Groups(func(func(int) bool) { runtime.Goexit() }, 4, 100, one) {
		}
		returned = true
	}()
	if <-left; returned {
		t.Error("the loop has returned")
	}
}
