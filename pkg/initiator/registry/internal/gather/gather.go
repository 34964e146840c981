// Package gather takes what comes of a sequence in groups: all that is there at a time,
// so that what is done for a group costs once.
package gather

import (
	"iter"
	"runtime"
	"sync"
)

// Groups runs a sequence in a goroutine of its own and yields its values in their order,
// in groups of what has come while the loop was busy. A group waits for nothing but its
// first value. It has most values at most, and a value is added only as long as the sizes
// of those that wait are no more than room, which its own may be beyond.
//
// Leaving the loop leaves that over the sequence, and waits for it. If the sequence panics,
// or calls [runtime.Goexit], so does the goroutine of the loop, with the same value. A
// group is valid until the loop goes on.
func Groups[T any](values iter.Seq[T], most, room int, size func(*T) int) iter.Seq[[]T] {
	return func(yield func([]T) bool) {
		q := &queue[T]{most: most, room: room}
		q.changed.L = &q.mu
		go q.fill(values, size)
		defer q.leave()
		for group := q.take(nil); len(group) > 0; group = q.take(group) {
			if !yield(group) {
				return
			}
		}
	}
}

// A queue is the values that wait.
type queue[T any] struct {
	most, room int

	mu      sync.Mutex // guards the following
	changed sync.Cond  // any of it
	waiting []T
	size    int
	left    bool // nothing more is wanted
	over    bool // the sequence has ended
	exited  bool // by Goexit
	panics  any  // with what it has panicked
}

// fill puts the values in.
func (q *queue[T]) fill(values iter.Seq[T], size func(*T) int) {
	returned := false
	defer func() {
		why := recover()
		q.mu.Lock()
		defer q.mu.Unlock()
		q.over, q.panics, q.exited = true, why, !returned && why == nil
		q.changed.Broadcast()
	}()
	for v := range values {
		if !q.put(v, size(&v)) {
			break
		}
	}
	returned = true
}

// put adds a value once there is room; false: it is not wanted.
func (q *queue[T]) put(v T, size int) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	for !q.left && (len(q.waiting) >= q.most || q.size > q.room) {
		q.changed.Wait()
	}
	if q.left {
		return false
	}
	q.waiting, q.size = append(q.waiting, v), q.size+size
	q.changed.Broadcast()
	return true
}

// take returns all that waits, once there is something; nothing: the sequence has ended.
// What it took before gives its memory.
func (q *queue[T]) take(before []T) []T {
	clear(before)
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.waiting) == 0 && !q.over {
		q.changed.Wait()
	}
	group := q.waiting
	q.waiting, q.size = before[:0], 0
	q.changed.Broadcast()
	return group
}

// leave waits for the end of the sequence, and ends as it did.
func (q *queue[T]) leave() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.left = true
	q.changed.Broadcast()
	for !q.over {
		q.changed.Wait()
	}
	switch {
	case q.panics != nil:
		panic(q.panics)
	case q.exited:
		runtime.Goexit()
	}
}
