package watching

import (
	"fmt"
	"io"
	"strings"
	"sync"
)

// A Screen is the last lines of a terminal, which are drawn in place by what a VT100 has:
// the cursor goes up, and lines are cleared.
type Screen struct {
	W    io.Writer
	Size func() (columns, rows int)

	mu            sync.Mutex // guards the following, and writing to W
	shown         []string   // the lines that are there; the cursor is below them
	columns, rows int        // of the terminal when they were drawn
	err           error      // of writing
}

// Err returns the error of writing; nil: there was none.
func (s *Screen) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// Draw draws other lines in the place of those that are there. lines is given how much
// room there is.
func (s *Screen) Draw(lines func(columns, rows int) []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	columns, rows := s.Size()
	// The last column stays empty, since terminals differ in where the cursor is behind it;
	// the last row has the cursor.
	now := lines(columns-1, rows-1)
	var b strings.Builder
	s.home(&b, columns, rows)
	for i, line := range now {
		if i < len(s.shown) && s.shown[i] == line {
			b.WriteString("\n")
			continue
		}
		b.WriteString(line + "\x1b[K\n")
	}
	if len(now) < len(s.shown) {
		b.WriteString("\x1b[J")
	}
	s.shown, s.columns, s.rows = now, columns, rows
	s.write(b.String())
}

// home moves the cursor to the first of the lines that are there. Where the terminal has
// another size than when they were drawn, it may have broken them: all is cleared then.
func (s *Screen) home(b *strings.Builder, columns, rows int) {
	switch {
	case len(s.shown) == 0:
	case columns != s.columns || rows != s.rows:
		b.WriteString("\x1b[H\x1b[2J")
		s.shown = nil
	default:
		fmt.Fprintf(b, "\r\x1b[%dA", len(s.shown))
	}
}

// Write writes whole lines of something else, above the lines that are there.
func (s *Screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var b strings.Builder
	if len(s.shown) > 0 {
		fmt.Fprintf(&b, "\r\x1b[%dA\x1b[J", len(s.shown))
	}
	b.Write(p)
	for _, line := range s.shown {
		b.WriteString(line + "\n")
	}
	s.write(b.String())
	return len(p), s.err
}

func (s *Screen) write(text string) {
	if s.err == nil {
		_, s.err = io.WriteString(s.W, text)
	}
}
