package watch

import (
	"cmp"
	"container/heap"
	"math/rand/v2"
	"time"
)

// A queue has entries that are not being asked, the one that is due first at its top.
type queue struct {
	waiting entryHeap
	free    int // how many more runs may be under way
}

// next returns when the first entry is due; false: there is none, or no run may begin.
func (q *queue) next() (time.Time, bool) {
	if len(q.waiting) == 0 || q.free == 0 {
		return time.Time{}, false
	}
	return q.waiting[0].next, true
}

// take takes the entries that are due, where a run may begin.
func (q *queue) take(now time.Time) (due []*entry) {
	for {
		if next, ok := q.next(); !ok || next.After(now) {
			return due
		}
		e := heap.Pop(&q.waiting).(*entry)
		e.queue = nil
		due = append(due, e)
	}
}

// schedule puts an entry into its queue, to be asked after an interval from when it was
// asked last. Intervals that have passed meanwhile are skipped.
func (w *watcher) schedule(e *entry, now time.Time, interval time.Duration) {
	w.unschedule(e)
	e.next = e.asked.Add(interval)
	if passed := now.Sub(e.asked); interval > 0 && passed >= interval {
		e.next = e.asked.Add((passed/interval + 1) * interval)
	}
	w.push(e)
}

// push puts an entry into its queue.
func (w *watcher) push(e *entry) {
	switch {
	case e.id.portal.isns:
		e.queue = &w.servers
	case e.backOff > 0:
		e.queue = &w.failing
	default:
		e.queue = &w.healthy
	}
	heap.Push(&e.queue.waiting, e)
}

// unschedule takes an entry out of its queue.
func (w *watcher) unschedule(e *entry) {
	if e.queue != nil {
		heap.Remove(&e.queue.waiting, e.place)
		e.queue = nil
	}
}

// interval returns the time from the last attempt to the next: longer with each failure,
// and a little longer or shorter at random.
func (w *watcher) interval(e *entry) time.Duration {
	factor := MaxBackOff
	if e.backOff < 4 {
		factor = min(1<<e.backOff, MaxBackOff)
	}
	d := time.Duration(factor) * w.cfg.Every
	return d + time.Duration(float64(d)*w.cfg.Jitter*(2*rand.Float64()-1))
}

// An entryHeap is ordered by when entries are due.
type entryHeap []*entry

// Len returns the number of entries.
func (h entryHeap) Len() int { return len(h) }

// Less orders entries by when they are due, and those of one time as they were listed.
func (h entryHeap) Less(i, j int) bool {
	return cmp.Or(h[i].next.Compare(h[j].next), cmp.Compare(h[i].number, h[j].number)) < 0
}

// Swap exchanges two entries.
func (h entryHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].place, h[j].place = i, j
}

// Push adds an entry at the end.
func (h *entryHeap) Push(x any) {
	e := x.(*entry)
	e.place = len(*h)
	*h = append(*h, e)
}

// Pop removes the entry at the end.
func (h *entryHeap) Pop() any {
	last := len(*h) - 1
	e := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return e
}
