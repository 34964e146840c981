package journal

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
)

func add(j *Journal, from, to uint64) {
	for seq := from; seq <= to; seq++ {
		j.Add(Entry{Seq: seq, JSON: fmt.Appendf(nil, `{"seq":%d}`, seq)})
	}
}

// TestAfter: a place has what follows it, and what it has missed.
func TestAfter(t *testing.T) {
	t.Parallel()
	var j Journal
	if p := j.After(0, 10, 1<<20); len(p.Events) != 0 || p.Reset || p.Missed != 0 {
		t.Errorf("an empty journal has %+v", p)
	}
	add(&j, 1, MaxEvents*3+7)
	last := uint64(MaxEvents*3 + 7)
	oldest := last - MaxEvents + 1
	for _, tt := range []struct {
		name   string
		seq    uint64
		first  uint64 // 0: none
		missed uint64
		reset  bool
	}{
		{"from the beginning", 0, oldest, oldest - 1, false},
		{"just before what is kept", oldest - 1, oldest, 0, false},
		{"one lost", oldest - 2, oldest, 1, false},
		{"in the middle", last - 5, last - 4, 0, false},
		{"at the end", last, 0, 0, false},
		{"of another run", last + 1, oldest, oldest - 1, true},
	} {
		p := j.After(tt.seq, 3, 1<<20)
		var first uint64
		if len(p.Events) > 0 {
			first = p.Events[0].Seq
		}
		if first != tt.first || p.Missed != tt.missed || p.Reset != tt.reset || p.Last != last {
			t.Errorf("%s: got first %d, missed %d, reset %v, want %d, %d, %v", tt.name, first, p.Missed, p.Reset, tt.first, tt.missed, tt.reset)
		}
	}
	if n := len(j.After(last-100, 5, 1<<20).Events); n != 5 {
		t.Errorf("got %d events, want 5", n)
	}
	if n := len(j.After(last-100, 100, 1).Events); n != 1 {
		t.Errorf("got %d events in one byte, want 1", n)
	}
}

// TestBounds: neither the number of events nor their length makes a journal grow.
func TestBounds(t *testing.T) {
	t.Parallel()
	var j Journal
	add(&j, 1, MaxEvents*5)
	if n := cap(j.events); n > 4*MaxEvents {
		t.Errorf("room for %d events, want at most %d", n, 4*MaxEvents)
	}
	long := []byte(strings.Repeat("x", MaxBytes/4))
	for i := range 20 {
		j.Add(Entry{Seq: MaxEvents*5 + 1 + uint64(i), JSON: long})
	}
	if j.bytes > MaxBytes {
		t.Errorf("%d bytes, want at most %d", j.bytes, MaxBytes)
	}
	if n := len(j.events) - j.first; n > 4 {
		t.Errorf("%d events are kept, want 4", n)
	}
}

// TestWait: a reader that waits is woken by the next event, and by the end of its time.
func TestWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var j Journal
		add(&j, 1, 1)
		if err := j.Wait(t.Context(), 0); err != nil {
			t.Error(err)
		}
		woken := make(chan error)
		for range 3 {
			go func() { woken <- j.Wait(t.Context(), 1) }()
		}
		synctest.Wait()
		add(&j, 2, 2)
		for range 3 {
			if err := <-woken; err != nil {
				t.Error(err)
			}
		}
	})
}
