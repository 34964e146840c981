package iscsicli

import (
	"fmt"
	"io"
	"strings"
)

// A Layout lays out answers. After the first error of writing it writes nothing
// more; Err returns it.
type Layout struct {
	w      io.Writer
	escape func(string) string
	err    error
}

// NewLayout returns a Layout that writes to w. escape makes text from elsewhere
// fit for a terminal and for one line.
func NewLayout(w io.Writer, escape func(string) string) *Layout {
	return &Layout{w: w, escape: escape}
}

// Err returns the first error of writing.
func (l *Layout) Err() error { return l.err }

// Line writes a line of what is fit for a terminal already. Blanks at its end are
// dropped.
func (l *Layout) Line(format string, args ...any) {
	if l.err == nil {
		_, l.err = io.WriteString(l.w, strings.TrimRight(fmt.Sprintf(format, args...), " ")+"\n")
	}
}

// List writes a heading and below it names, indented.
func (l *Layout) List(heading string, names ...string) {
	l.Line("%s", heading)
	for _, name := range names {
		l.Line("    %s", l.escape(name))
	}
}

// labelWidth is where the colons stand; with the blank behind them a label takes
// 23 characters.
const labelWidth = 21

// field writes a label and a value, and below the value what goes along with it.
func (l *Layout) field(label, value string, below ...string) {
	l.Line("    %-*s: %s", labelWidth, label, value)
	for _, s := range below {
		l.Line("    %*s%s", labelWidth+2, "", s)
	}
}
