package terminal

import (
	"context"
	"io"
	"strings"
	"sync"

	"github.com/go-iscsi/discovery/cmd/internal/column"
)

// A StatusLine is standard error: it takes whole lines from several goroutines, and
// on a terminal has one more at the end that changes and is no part of the output.
type StatusLine struct {
	Terminal func(w io.Writer) (columns int) // 0: w is none
	Plain    bool                            // the terminal takes lines and nothing else (TERM=dumb)

	mu     sync.Mutex // guards the following
	W      io.Writer
	text   string // of the line that is there
	shown  int    // columns that it takes
	within bool   // the terminal is within a line of something else
	asking int    // questions at the terminal that wait for their answer
}

// Columns returns how wide standard error is; 0: it is no terminal.
func (l *StatusLine) Columns() int { return l.Terminal(l.W) }

// CanChange reports whether a line can be shown that changes: standard error is a terminal
// that takes more than lines.
func (l *StatusLine) CanChange() bool { return !l.Plain && l.Columns() > 0 }

// Write takes whole lines.
func (l *StatusLine) Write(p []byte) (n int, err error) {
	l.away(func() { n, err = l.W.Write(p) })
	return n, err
}

// away writes something while the line is not there.
func (l *StatusLine) away(write func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.erase()
	write()
}

// Show shows another line; empty: none. What cannot be seen is escaped in it already.
func (l *StatusLine) Show(s string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.within || l.asking > 0 {
		return // and the line is not there
	}
	// A terminal that became narrower would otherwise break it in two.
	columns := l.Columns()
	s = column.Cut(s, max(0, columns-1), "")
	if s == l.text && l.shown < columns {
		return
	}
	width := column.Width(s)
	if width < l.shown || s == "" {
		l.erase()
	}
	if s != "" {
		_, _ = io.WriteString(l.W, "\r"+s)
		l.text, l.shown = s, width
	}
}

// keys is how many columns the terminal shows where Ctrl-C was typed, behind the line.
const keys = len("^C")

// erase takes the line away, by means that each terminal has.
func (l *StatusLine) erase() {
	if l.shown > 0 {
		columns := min(l.shown+keys, max(l.shown, l.Columns()-1))
		_, _ = io.WriteString(l.W, "\r"+strings.Repeat(" ", columns)+"\r")
		l.text, l.shown = "", 0
	}
}

// Asking returns ask with the line away from the question until it is answered.
func (l *StatusLine) Asking(ask func(context.Context, string) ([]byte, error)) func(context.Context, string) ([]byte, error) {
	count := func(n int) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.erase()
		l.asking += n
	}
	return func(ctx context.Context, question string) ([]byte, error) {
		count(1)
		defer count(-1)
		return ask(ctx, question)
	}
}

// Beside returns w in such a way that what is written to it, where it is a terminal,
// does not get into the line.
func (l *StatusLine) Beside(w io.Writer) io.Writer {
	if l.Terminal(w) == 0 {
		return w
	}
	return besideLine{l, w}
}

type besideLine struct {
	line *StatusLine
	w    io.Writer
}

func (b besideLine) Write(p []byte) (n int, err error) {
	b.line.away(func() {
		n, err = b.w.Write(p)
		b.line.within = len(p) > 0 && p[len(p)-1] != '\n' // of -o json
	})
	return n, err
}
