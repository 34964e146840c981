package machine

import (
	"io"
	"os"
	"strings"
	"sync"

	"golang.org/x/term"
)

// A StatusLine is standard error: it takes whole lines from several goroutines, and
// on a terminal has one more at the end that changes and is no part of the output.
type StatusLine struct {
	Terminal func(w io.Writer) (columns int) // 0: w is none

	mu     sync.Mutex // guards the following
	W      io.Writer
	shown  int  // characters of the line that is there
	Within bool // the terminal is within a line of something else
}

// terminalColumns returns how wide the terminal is that a file is; 0: it is none.
func terminalColumns(w io.Writer) int {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return 0
	}
	columns, _, err := term.GetSize(int(f.Fd()))
	if err != nil || columns <= 0 {
		return 80
	}
	return columns
}

// Columns returns how wide standard error is; 0: it is no terminal.
func (l *StatusLine) Columns() int { return l.Terminal(l.W) }

// Write takes whole lines.
func (l *StatusLine) Write(p []byte) (n int, err error) {
	l.Away(func() { n, err = l.W.Write(p) })
	return n, err
}

// Away writes something while the line is not there.
func (l *StatusLine) Away(write func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.erase()
	write()
}

// Show shows another line, of ASCII; empty: none.
func (l *StatusLine) Show(s string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.Within {
		return // and the line is not there
	}
	// A terminal that became narrower would otherwise break it in two.
	if columns := l.Columns(); len(s) >= columns {
		s = s[:max(0, columns-1)]
	}
	if len(s) < l.shown || s == "" {
		l.erase()
	}
	if s != "" {
		_, _ = io.WriteString(l.W, "\r"+s)
		l.shown = len(s)
	}
}

// erase takes the line away, by means that each terminal has.
func (l *StatusLine) erase() {
	if l.shown > 0 {
		_, _ = io.WriteString(l.W, "\r"+strings.Repeat(" ", l.shown)+"\r")
		l.shown = 0
	}
}
