package machine

import (
	"io"

	"github.com/go-iscsi/discovery/cmd/internal/terminal"
)

// Screen prepares a terminal for lines that are drawn in place, and returns what undoes
// that; false: the writer is no terminal, or one that cannot do it.
func (w *Env) Screen(out io.Writer) (restore func(), ok bool) {
	if w.Rows == nil || w.Terminal(out) == 0 {
		return nil, false
	}
	if kind, _ := w.LookupEnv("TERM"); w.System != "windows" && (kind == "" || kind == "dumb") {
		return nil, false
	}
	return terminal.PrepareScreen(out)
}
