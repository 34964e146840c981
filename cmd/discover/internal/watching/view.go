package watching

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-iscsi/discovery/cmd/internal/column"
	"github.com/go-iscsi/discovery/cmd/internal/events"
	"github.com/go-iscsi/discovery/cmd/internal/wording"
	"github.com/go-iscsi/discovery/pkg/initiator/watch"
)

// A View shows on a terminal how all portals stand, the worst first, and draws that again
// where it is when something changes. Its methods may be called by several goroutines.
type View struct {
	Screen *Screen
	ASCII  bool // nothing else can be shown

	mu     sync.Mutex // guards the following
	rows   map[rowKey]*row
	order  []*row
	sorted bool
	broken string // why what is watched cannot be read; empty: it can
	drawn  bool   // all that changed is on the screen

	stop chan struct{}
	over sync.WaitGroup
}

// A view is drawn again at most each redraw, where something changed, and at least each
// second, since it counts down.
const redraw, tick = 250 * time.Millisecond, time.Second

// Begin draws the view from now on.
func (v *View) Begin() {
	v.mu.Lock()
	v.rows = make(map[rowKey]*row)
	v.mu.Unlock()
	v.stop = make(chan struct{})
	v.over.Go(v.run)
}

// run draws until it is stopped.
func (v *View) run() {
	t := time.NewTicker(redraw)
	defer t.Stop()
	last := time.Time{}
	for {
		select {
		case <-v.stop:
			return
		case now := <-t.C:
			v.mu.Lock()
			due := !v.drawn || now.Sub(last) >= tick
			v.mu.Unlock()
			if due {
				last = now
				v.Draw()
			}
		}
	}
}

// End draws the view for the last time. It stays on the screen.
func (v *View) End() {
	close(v.stop)
	v.over.Wait()
	v.Draw()
}

// Err returns the error with which drawing ended; nil: it goes on.
func (v *View) Err() error { return v.Screen.Err() }

// Report takes how a portal stands.
func (v *View) Report(s *watch.State) {
	v.mu.Lock()
	defer v.mu.Unlock()
	r := v.rows[rowKey{s.Key, s.ISNS}]
	switch {
	case s.Removed && r != nil:
		delete(v.rows, rowKey{s.Key, s.ISNS})
		v.order = slices.DeleteFunc(v.order, func(o *row) bool { return o == r })
	case s.Removed:
	case r == nil:
		r = new(row)
		v.rows[rowKey{s.Key, s.ISNS}] = r
		v.order = append(v.order, r)
		fallthrough
	default:
		r.update(s, v.either("…", "..."))
	}
	v.sorted, v.drawn = false, false
}

// Event takes what is of no portal.
func (v *View) Event(e *watch.Event) {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch e.Type {
	case watch.SourceFailed:
		v.broken, v.drawn = events.Text(e), false
	case watch.SourceRecovered:
		v.broken, v.drawn = "", false
	}
}

// Draw draws the view now.
func (v *View) Draw() {
	v.Screen.Draw(func(columns, rows int) []string { return v.lines(time.Now(), columns, rows) })
}

// head names the columns.
var head = []string{"PORTAL", "PORT", "STATE", "SINCE", "TARGETS", "LAST CHANGE"}

// lines returns the view for a screen of some size: at most as many lines as it has rows,
// none wider than it.
func (v *View) lines(now time.Time, columns, rows int) []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	if !v.sorted {
		slices.SortStableFunc(v.order, compareRows)
		v.sorted = true
	}
	v.drawn = true
	room := rows - 2 // beside the head and the last line
	if v.broken != "" {
		room--
	}
	shown := v.order
	if len(shown) > room {
		shown = shown[:max(room-1, 0)]
	}
	table := [][]string{head}
	for _, r := range shown {
		table = append(table, r.cells(now))
	}
	lines := aligned(table)
	if hidden := len(v.order) - len(shown); hidden > 0 {
		lines = append(lines, fmt.Sprintf("%s and %d more", v.either("…", "..."), hidden))
	}
	if v.broken != "" {
		lines = append(lines, v.broken)
	}
	lines = append(lines, v.summary(now))
	if len(lines) > rows {
		lines = lines[len(lines)-max(rows, 0):] // a screen of a line or two has the last ones
	}
	for i := range lines {
		lines[i] = column.Cut(lines[i], columns, v.either("…", "..."))
	}
	return lines
}

// either returns the second text where nothing but ASCII can be shown.
func (v *View) either(text, ascii string) string {
	if v.ASCII {
		return ascii
	}
	return text
}

// summary sums all portals up.
func (v *View) summary(now time.Time) string {
	up, failed, silent := 0, 0, 0
	next := time.Time{}
	for _, r := range v.order {
		switch r.status {
		case watch.Up, watch.Few:
			up++
		case watch.Down:
			if r.silent {
				silent++
			} else {
				failed++
			}
		case watch.Unknown:
		}
		if !r.next.IsZero() && (next.IsZero() || r.next.Before(next)) {
			next = r.next
		}
	}
	if len(v.order) == 0 {
		return "no portals in the registry; add one with discover portal add PORTAL"
	}
	parts := []string{fmt.Sprintf("%d of %s up", up, wording.Plural(len(v.order), "path", "paths"))}
	if failed > 0 {
		parts = append(parts, fmt.Sprintf("%d failed", failed))
	}
	if silent > 0 {
		parts = append(parts, fmt.Sprintf("%d silent", silent))
	}
	switch left := next.Sub(now); {
	case next.IsZero():
	case left <= 0:
		parts = append(parts, "asking")
	default:
		parts = append(parts, fmt.Sprintf("next in %d s", int64((left+time.Second-1)/time.Second)))
	}
	return strings.Join(parts, v.either(" · ", ", "))
}

// aligned returns rows as lines in which the columns stand in line.
func aligned(table [][]string) []string {
	widths := make([]int, len(head))
	for _, cells := range table {
		for i, cell := range cells {
			widths[i] = max(widths[i], column.Width(cell))
		}
	}
	lines := make([]string, len(table))
	for n, cells := range table {
		var b strings.Builder
		for i, cell := range cells {
			if i == len(cells)-1 {
				b.WriteString(cell)
				break
			}
			b.WriteString(column.Pad(cell, widths[i]) + "  ")
		}
		lines[n] = strings.TrimRight(b.String(), " ")
	}
	return lines
}
