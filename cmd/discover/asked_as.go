package main

import (
	"github.com/go-iscsi/discovery/cmd/discover/internal/machine"
	"github.com/go-iscsi/discovery/pkg/initiator"
)

// An askedAs tells people as whom a portal was asked that shows no targets: it may
// show some to another initiator name. Scripts are told nothing: their output stays
// as it is.
type askedAs struct{ c *command }

// inTable is what stands behind "no targets" where the table goes to a terminal.
func (a askedAs) inTable(r *initiator.Result) string {
	if a.c == nil || r.Err != nil || a.c.Terminal(a.c.Stdout) == 0 {
		return ""
	}
	return " for " + machine.Escape(r.InitiatorName)
}

// note says it on standard error, where that is a terminal and the table goes
// elsewhere; once for a name.
func (a askedAs) note(r *initiator.Result, flush func() error) error {
	if a.c == nil || r.Err != nil || a.c.Terminal(a.c.Stdout) > 0 || a.c.line == nil || a.c.line.Columns() == 0 {
		return nil
	}
	if err := flush(); err != nil {
		return err
	}
	a.c.sayOnce("no targets for %s: portals show targets by initiator name", r.InitiatorName)
	return nil
}
