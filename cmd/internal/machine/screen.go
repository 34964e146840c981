package machine

import (
	"io"
	"os"

	"golang.org/x/term"
)

// usualRows is how many rows a terminal has that does not say.
const usualRows = 24

// terminalRows returns how many rows the terminal has that a file is.
func terminalRows(w io.Writer) int {
	if f, ok := w.(*os.File); ok {
		if _, rows, err := term.GetSize(int(f.Fd())); err == nil && rows > 0 {
			return rows
		}
	}
	return usualRows
}

// Screen prepares a terminal for lines that are drawn in place, and returns what undoes
// that; false: the writer is no terminal, or one that cannot do it.
func (w *Env) Screen(out io.Writer) (restore func(), ok bool) {
	if w.Rows == nil || w.Terminal(out) == 0 {
		return nil, false
	}
	if kind, _ := w.LookupEnv("TERM"); w.System != "windows" && (kind == "" || kind == "dumb") {
		return nil, false
	}
	return prepareScreen(out)
}
