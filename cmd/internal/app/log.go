package app

import (
	"cmp"
	"fmt"
	"log/slog"

	"github.com/go-iscsi/discovery/cmd/internal/terminal"
)

// Say prints a line to standard error, whatever is in it.
func (c *Command) Say(format string, args ...any) {
	fmt.Fprintf(c.Stderr, "%s: %s\n", cmp.Or(c.Program, "discover"), terminal.Visible(fmt.Sprintf(format, args...)))
}

// Log returns where -v logs to.
func (c *Command) Log() *slog.Logger {
	if !c.Global.Verbose {
		return slog.New(slog.DiscardHandler)
	}
	return slog.New(slog.NewTextHandler(c.Stderr, nil))
}
