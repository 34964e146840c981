package main

import (
	"fmt"
	"log/slog"

	"github.com/go-iscsi/discovery/cmd/discover/internal/machine"
)

// say prints a line to standard error, whatever is in it.
func (c *Command) say(format string, args ...any) {
	fmt.Fprintf(c.Stderr, "discover: %s\n", machine.Visible(fmt.Sprintf(format, args...)))
}

// log returns where -v logs to.
func (c *Command) log() *slog.Logger {
	if !c.global.Verbose {
		return slog.New(slog.DiscardHandler)
	}
	return slog.New(slog.NewTextHandler(c.Stderr, nil))
}
