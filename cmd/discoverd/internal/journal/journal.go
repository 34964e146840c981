package journal

import (
	"context"
	"sync"
)

// Bounds of a Journal: it drops the oldest events when it has more.
const (
	MaxEvents = 10_000
	MaxBytes  = 64 << 20 // of their JSON together; one event stays, however long
)

// An Entry is one event. It must not be changed.
type Entry struct {
	Seq  uint64
	Type string
	JSON []byte // one line, without its end
}

// A Journal has the newest events. Its zero value is empty and ready to use. Its methods
// may be called from several goroutines.
type Journal struct {
	mu     sync.Mutex // guards the following
	events []Entry    // a ring once it is full: the oldest is at first
	first  int
	bytes  int
	last   uint64        // the newest event there ever was
	more   chan struct{} // closed with the next event; nil: no reader waits
}

// Add puts an event behind the others. Its Seq is one more than that of the event before.
func (j *Journal) Add(e Entry) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for len(j.events)-j.first > 0 && (len(j.events)-j.first >= MaxEvents || j.bytes+len(e.JSON) > MaxBytes) {
		j.bytes -= len(j.events[j.first].JSON)
		j.events[j.first] = Entry{}
		j.first++
	}
	if j.first >= MaxEvents { // half of the slice is free: move what is left to its beginning
		n := copy(j.events, j.events[j.first:])
		clear(j.events[n:])
		j.events, j.first = j.events[:n], 0
	}
	j.events = append(j.events, e)
	j.bytes += len(e.JSON)
	j.last = e.Seq
	if j.more != nil {
		close(j.more)
		j.more = nil
	}
}

// A Page is events that follow one another.
type Page struct {
	Events []Entry

	// Missed is how many events between the place and the first of Events are not kept any
	// more. Reset says that the place is behind the newest event: it is of another run.
	Missed uint64
	Reset  bool

	Last uint64 // the newest event there is
}

// After returns events behind a place, at most max and about as many bytes as limit says.
func (j *Journal) After(seq uint64, max, limit int) Page {
	j.mu.Lock()
	defer j.mu.Unlock()
	p := Page{Last: j.last}
	kept := j.events[j.first:]
	if seq > j.last {
		p.Reset, seq = true, 0
	}
	if len(kept) == 0 {
		return p
	}
	oldest := kept[0].Seq
	if seq+1 < oldest {
		p.Missed = oldest - 1 - seq
		seq = oldest - 1
	}
	kept = kept[min(uint64(len(kept)), seq+1-oldest):]
	size := 0
	for i := range kept {
		if i == max || i > 0 && size+len(kept[i].JSON) > limit {
			kept = kept[:i]
			break
		}
		size += len(kept[i].JSON)
	}
	p.Events = append([]Entry(nil), kept...)
	return p
}

// Last returns the number of the newest event; 0: there was none.
func (j *Journal) Last() uint64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.last
}

// Wait waits until there is an event behind a place, or ctx ends.
func (j *Journal) Wait(ctx context.Context, seq uint64) error {
	for {
		j.mu.Lock()
		if j.last != seq {
			j.mu.Unlock()
			return nil
		}
		if j.more == nil {
			j.more = make(chan struct{})
		}
		more := j.more
		j.mu.Unlock()
		select {
		case <-more:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
