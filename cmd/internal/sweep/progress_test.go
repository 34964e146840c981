package sweep

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
)

// TestProgressNumbers: the line has the stages and the time left, and is never wider than
// the terminal: what has no room is left out as a whole.
func TestProgressNumbers(t *testing.T) {
	t.Parallel()
	stages := new(initiator.Stages)
	p := NewProgress(nil, 4094, Pace{Connecting: 4096, Connect: 3 * time.Second, Portal: 15 * time.Second}, &initiator.Discoverer{Stages: stages}, nil)
	if got, want := p.numbers(0, 80), "0 of 4094 asked, 0 connected, 0 logged in, 0 targets"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	p.asked.Store(1000)
	stages.Connected.Store(10)
	stages.LoggedIn.Store(9)
	stages.Targets.Store(1)
	const all = "1000 of 4094 asked, 10 connected, 9 logged in, 1 target, 5 s left" // 3094 more at 2000 a second, and 3 s for the last
	if got := p.numbers(500*time.Millisecond, 80); got != all {
		t.Errorf("got %q, want %q", got, all)
	}
	for columns := range 100 {
		got := p.numbers(500*time.Millisecond, columns)
		if len(got) >= columns && got != "1000 of 4094 asked" {
			t.Errorf("%d columns: %q", columns, got)
		}
		for _, part := range strings.Split(got, ", ") {
			if !strings.Contains(all, part) {
				t.Errorf("%d columns: %q", columns, got)
			}
		}
	}
	if got, want := p.numbers(500*time.Millisecond, 40), "1000 of 4094 asked, 1 target, 5 s left"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if !regexp.MustCompile(`^[\d a-z,]+$`).MatchString(all) {
		t.Error("it is more than words and numbers")
	}
}

// TestProgressCounts: a portal is done once, when all of its sessions are.
func TestProgressCounts(t *testing.T) {
	t.Parallel()
	sessions := &Sessions{Begun: map[int]Session{0: {Portal: 0, of: 2}, 1: {Portal: 0, nth: 1, of: 2}, 2: {Portal: 1, of: 1}, 3: {Portal: 2, of: 2}}}
	p := NewProgress(nil, 3, Pace{}, new(initiator.Discoverer), sessions)
	silent := failed(initiator.StageConnect, &initiator.TimeoutError{})
	for _, step := range []struct {
		index                     int
		r                         *initiator.Result
		done, silent, unconnected int64
	}{
		{0, silent, 0, 0, 0},
		{3, silent, 0, 0, 0},
		{1, &initiator.Result{}, 1, 0, 0},
		{2, silent, 2, 1, 1},
	} {
		p.result(step.index, step.r)
		if p.done.Load() != step.done || p.silent.Load() != step.silent || p.unconnected.Load() != step.unconnected {
			t.Errorf("after session %d: %d done, %d silent, %d unconnected, want %+v", step.index, p.done.Load(), p.silent.Load(), p.unconnected.Load(), step)
		}
	}
	if len(p.open) != 1 {
		t.Errorf("%d portals are open, want 1", len(p.open))
	}
}
