package main

import (
	"io"
	"os"
	"strings"
	"sync"

	"golang.org/x/term"
)

// A statusLine is standard error: it takes whole lines from several goroutines, and
// on a terminal has one more at the end that changes and is no part of the output.
type statusLine struct {
	terminal func(w io.Writer) (columns int) // 0: w is none

	mu     sync.Mutex // guards the following
	w      io.Writer
	shown  int  // characters of the line that is there
	within bool // the terminal is within a line of something else
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

// columns returns how wide standard error is; 0: it is no terminal.
func (l *statusLine) columns() int { return l.terminal(l.w) }

// Write takes whole lines.
func (l *statusLine) Write(p []byte) (n int, err error) {
	l.away(func() { n, err = l.w.Write(p) })
	return n, err
}

// away writes something while the line is not there.
func (l *statusLine) away(write func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.erase()
	write()
}

// show shows another line, of ASCII; empty: none.
func (l *statusLine) show(s string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.within {
		return // and the line is not there
	}
	// A terminal that became narrower would otherwise break it in two.
	if columns := l.columns(); len(s) >= columns {
		s = s[:max(0, columns-1)]
	}
	if len(s) < l.shown || s == "" {
		l.erase()
	}
	if s != "" {
		_, _ = io.WriteString(l.w, "\r"+s)
		l.shown = len(s)
	}
}

// erase takes the line away, by means that each terminal has.
func (l *statusLine) erase() {
	if l.shown > 0 {
		_, _ = io.WriteString(l.w, "\r"+strings.Repeat(" ", l.shown)+"\r")
		l.shown = 0
	}
}
