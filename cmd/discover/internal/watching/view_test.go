package watching

import (
	"errors"
	"fmt"
	"iter"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/cmd/internal/column"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/change"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/watch"
)

// A vt is the part of a VT100 that a Screen needs: what is written to it is seen in its
// lines.
type vt struct {
	t             *testing.T
	columns, rows int
	cells         [][]rune
	x, y          int
	scrolled      []string // lines that left at the top
	writes        int
}

func newVT(t *testing.T, columns, rows int) *vt {
	v := &vt{t: t, columns: columns, rows: rows}
	v.cells = make([][]rune, rows)
	return v
}

// Write draws what is written.
func (v *vt) Write(p []byte) (int, error) {
	v.writes++
	text := []rune(string(p))
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\x1b':
			i = v.sequence(text, i)
		case c == '\r':
			v.x = 0
		case c == '\n':
			v.x = 0
			v.down()
		case c < ' ':
			v.t.Errorf("the terminal got %q", c)
		default:
			if v.x >= v.columns {
				v.t.Errorf("a line is broken at %q", string(text[max(0, i-20):i]))
				v.x = 0
				v.down()
			}
			line := v.cells[v.y]
			for len(line) <= v.x {
				line = append(line, ' ')
			}
			line[v.x] = c
			v.cells[v.y] = line
			v.x += column.Width(string(c))
		}
	}
	return len(p), nil
}

// sequence obeys a control sequence, and returns where it ends.
func (v *vt) sequence(text []rune, i int) int {
	n := 0
	for i += 2; text[i] >= '0' && text[i] <= '9'; i++ {
		n = 10*n + int(text[i]-'0')
	}
	switch text[i] {
	case 'A':
		if v.y -= n; v.y < 0 {
			v.t.Errorf("the cursor left the screen by %d", -v.y)
			v.y = 0
		}
	case 'H':
		v.x, v.y = 0, 0
	case 'K':
		v.cells[v.y] = v.cells[v.y][:min(v.x, len(v.cells[v.y]))]
	case 'J':
		if n != 2 {
			v.cells[v.y] = v.cells[v.y][:min(v.x, len(v.cells[v.y]))]
		}
		for y := range v.cells {
			if n == 2 || y > v.y {
				v.cells[y] = nil
			}
		}
	default:
		v.t.Errorf("the terminal does not know %q", string(text[i]))
	}
	return i
}

func (v *vt) down() {
	if v.y++; v.y == v.rows {
		v.scrolled = append(v.scrolled, strings.TrimRight(string(v.cells[0]), " "))
		v.cells = append(v.cells[1:], nil)
		v.y--
	}
}

// lines returns what is to be seen.
func (v *vt) lines() string {
	var b strings.Builder
	for _, l := range v.cells {
		b.WriteString(strings.TrimRight(string(l), " ") + "\n")
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}

// key returns that of a portal, asked from a port of the host.
func key(portal string, number uint32) initiator.Key {
	return initiator.Key{Instance: "host", Port: ports.N(number), Portal: initiator.Portal{Address: portal, Port: 3260}}
}

// states are those of the specification.
func states(now time.Time) []watch.State {
	failed := &initiator.Error{Stage: initiator.StageLogin, Portal: initiator.Portal{Address: "203.0.113.11", Port: 3260}, Err: errors.New("login refused: authorization failure (0x0202)")}
	gone := &watch.Event{Type: watch.TargetVanished, Change: change.Change{Target: "iqn.2026-11.com.example:scratch3\x1b[2J"}}
	return []watch.State{
		{Key: key("198.51.100.10", 0), Status: watch.Up, Since: now.Add(-76*time.Hour - 11*time.Minute), Targets: 16, Known: 16, Next: now.Add(47500 * time.Millisecond)},
		{Key: key("192.0.2.72", 0), Status: watch.Few, Since: now.Add(-16*time.Minute - 11*time.Second), Targets: 6, Known: 8, LastChange: gone, Next: now.Add(50 * time.Second)},
		{Key: key("203.0.113.11", 1), Status: watch.Down, Since: now.Add(-12*time.Minute - 40*time.Second), Next: now.Add(90 * time.Second), Last: &initiator.Result{Err: failed, Source: netip.MustParseAddr("203.0.113.2")}},
		{Key: initiator.Key{Portal: initiator.Portal{Address: "2001:db8::10", Port: 3260}}, Status: watch.Unknown},
	}
}

// TestRowName: of a long name so much is left out that one sees what became of the target.
func TestRowName(t *testing.T) {
	t.Parallel()
	r := new(row)
	r.update(&watch.State{Key: key("192.0.2.72", 0), LastChange: &watch.Event{Type: watch.TargetVanished, Change: change.Change{Target: "iqn.2026-11.com.example:" + strings.Repeat("long-", 40)}}}, "…")
	if want := "…:long-long-long-lo… vanished"; r.changed != want {
		t.Errorf("got %s, want %s", r.changed, want)
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (- want, + got):\n%s", name, diff)
	}
}

// never yields no event, and waits.
func never(d time.Duration) iter.Seq[watch.Event] {
	return func(func(watch.Event) bool) { time.Sleep(d) }
}

// TestView: the view at 80 columns is that of the specification, is drawn in place, and
// counts down; what is said meanwhile stands above it.
func TestView(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		term := newVT(t, 80, 24)
		v := &View{Screen: &Screen{W: term, Size: func() (int, int) { return term.columns, term.rows }}}
		out := &Output{View: v}
		begun := time.Now()
		go func() {
			time.Sleep(100 * time.Millisecond)
			for _, s := range states(begun) {
				v.Report(&s)
			}
			time.Sleep(5 * time.Second)
			_, _ = v.Screen.Write([]byte("discover: something\n"))
		}()
		if err := out.Show(never(10 * time.Second)); err != nil {
			t.Error(err)
		}
		golden(t, "view.txt", term.lines())
		if term.writes > 16 {
			t.Errorf("it was drawn %d times in 10 s", term.writes)
		}
		if len(term.scrolled) > 0 {
			t.Errorf("lines left the screen: %q", term.scrolled)
		}
	})
}

// TestViewResized: a terminal that becomes another size is cleared, and no line is broken.
func TestViewResized(t *testing.T) {
	t.Parallel()
	term := newVT(t, 80, 10)
	v := &View{Screen: &Screen{W: term, Size: func() (int, int) { return term.columns, term.rows }}}
	v.Begin()
	now := time.Now()
	for i := range 40 {
		for _, s := range states(now) {
			s.Key.Portal.Port = uint16(i + 1)
			v.Report(&s)
		}
	}
	for _, size := range [][2]int{{80, 10}, {40, 10}, {120, 5}, {20, 3}, {10, 2}, {3, 1}, {80, 24}} {
		term.columns, term.rows = size[0], size[1]
		term.cells, term.x, term.y = make([][]rune, size[1]), 0, 0
		v.Draw()
		lines := strings.Split(strings.TrimSuffix(term.lines(), "\n"), "\n")
		if len(lines) > size[1]-1 && size[1] > 1 {
			t.Errorf("%v: %d lines", size, len(lines))
		}
		if size[1] > 4 && !strings.HasPrefix(lines[len(lines)-2], "… and ") {
			t.Errorf("%v: got %q", size, lines)
		}
	}
	v.End()
	if !strings.Contains(term.lines(), "80 of 160 paths up · 40 failed") {
		t.Errorf("got %s", term.lines())
	}
}

// TestViewRemoved: a portal that is watched no longer is not shown; a registry that cannot
// be read is.
func TestViewRemoved(t *testing.T) {
	t.Parallel()
	term := newVT(t, 80, 24)
	v := &View{ASCII: true, Screen: &Screen{W: term, Size: func() (int, int) { return 80, 24 }}}
	v.Begin()
	s := states(time.Now())[0]
	v.Report(&s)
	v.Event(&watch.Event{Type: watch.SourceFailed, Err: errors.New("locked")})
	v.Draw()
	if got := term.lines(); !strings.Contains(got, "198.51.100.10") || !strings.Contains(got, "the registry cannot be read or written: locked\n1 of 1 path up, next in ") {
		t.Errorf("got %s", got)
	}
	s.Removed = true
	v.Report(&s)
	v.Event(&watch.Event{Type: watch.SourceRecovered})
	v.End()
	if got := term.lines(); strings.Contains(got, "198.51.100.10") || strings.Contains(got, "locked") || !strings.Contains(got, "no portals") {
		t.Errorf("got %s", got)
	}
}

// A brokenPipe takes nothing.
type brokenPipe struct{ n int }

func (w *brokenPipe) Write([]byte) (int, error) {
	w.n++
	return 0, errors.New("broken pipe")
}

// several yields events of some types.
func several(types ...watch.Type) iter.Seq[watch.Event] {
	return func(yield func(watch.Event) bool) {
		for i, t := range types {
			if !yield(watch.Event{Seq: uint64(i + 1), Type: t, Key: key("192.0.2.10", 0)}) {
				return
			}
		}
	}
}

// TestOutput: which events are shown, and which is the last.
func TestOutput(t *testing.T) {
	t.Parallel()
	all := []watch.Type{watch.Snapshot, watch.TargetAppeared, watch.PortalFailed, watch.TargetVanished}
	for _, tt := range []struct {
		only []string
		once bool
		want string // numbers of the events
	}{
		{nil, false, "1 2 3 4 "},
		{nil, true, "1 2 "},
		{[]string{"portal-failed"}, false, "3 "},
		{[]string{"portal-failed"}, true, "3 "},
		{[]string{"snapshot", "target-vanished"}, true, "1 4 "},
		{[]string{"path-lost"}, true, ""},
	} {
		var b strings.Builder
		o := &Output{W: &b, JSON: true, For: tt.only, OnceChanged: tt.once}
		if err := o.Show(several(all...)); err != nil {
			t.Error(err)
		}
		got := ""
		for line := range strings.Lines(b.String()) {
			for i := range all {
				if strings.Contains(line, fmt.Sprintf(`"seq":%d,`, i+1)) {
					got += fmt.Sprint(i+1, " ")
				}
			}
		}
		if got != tt.want {
			t.Errorf("--for %v, once %v: got %q, want %q", tt.only, tt.once, got, tt.want)
		}
	}
	var b strings.Builder
	if err := (&Output{W: &b}).Show(several(watch.PortalRemoved)); err != nil || !strings.HasSuffix(b.String(), " 192.0.2.10:3260 from host/0: removed from what is watched\n") {
		t.Errorf("%v: got %q", err, b.String())
	}
}

// TestBrokenPipe: where nothing can be written the watch ends, with lines and with the view.
func TestBrokenPipe(t *testing.T) {
	t.Parallel()
	w := new(brokenPipe)
	if err := (&Output{W: w, JSON: true}).Show(several(watch.Snapshot, watch.Snapshot)); err == nil || w.n != 1 {
		t.Errorf("%v after %d writes", err, w.n)
	}
	synctest.Test(t, func(t *testing.T) {
		w := new(brokenPipe)
		v := &View{Screen: &Screen{W: w, Size: func() (int, int) { return 80, 24 }}}
		events := func(yield func(watch.Event) bool) {
			for yield(watch.Event{Type: watch.Snapshot}) {
				time.Sleep(time.Second)
			}
		}
		if err := (&Output{View: v}).Show(events); err == nil || w.n != 1 {
			t.Errorf("%v after %d writes", err, w.n)
		}
	})
}

// BenchmarkDraw draws a view of ten thousand portals.
func BenchmarkDraw(b *testing.B) {
	v := &View{Screen: &Screen{W: &strings.Builder{}, Size: func() (int, int) { return 80, 24 }}}
	v.rows = make(map[rowKey]*row)
	s := states(time.Now())[0]
	for i := range 10000 {
		s.Key.Portal.Address = fmt.Sprintf("10.0.%d.%d", i/250, i%250)
		v.Report(&s)
	}
	for b.Loop() {
		v.sorted = false
		v.lines(time.Now(), 80, 24)
	}
}
