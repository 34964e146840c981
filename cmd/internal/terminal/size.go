package terminal

import (
	"io"
	"os"

	"golang.org/x/term"
)

// Columns returns how wide the terminal is that a file is; 0: it is none.
func Columns(w io.Writer) int {
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

// usualRows is how many rows a terminal has that does not say.
const usualRows = 24

// Rows returns how many rows the terminal has that a file is.
func Rows(w io.Writer) int {
	if f, ok := w.(*os.File); ok {
		if _, rows, err := term.GetSize(int(f.Fd())); err == nil && rows > 0 {
			return rows
		}
	}
	return usualRows
}
