package render

import (
	"github.com/go-iscsi/discovery/cmd/internal/terminal"
	"github.com/go-iscsi/discovery/pkg/initiator"
)

// An AskedAs says at a terminal which initiator name was used at a portal that showed no
// targets: the portal may show some to another name. Output that is not a terminal stays
// as it is, for scripts.
type AskedAs struct {
	InRow   func() bool                      // reports that the table goes to a terminal, so its row says the name; nil: nothing is told
	SayOnce func(format string, args ...any) // says a line at a terminal, once; nil: standard error is none
}

// inTable is what stands behind "no targets" where the table goes to a terminal.
func (a AskedAs) inTable(r *initiator.Result) string {
	if a.InRow == nil || r.Err != nil || !a.InRow() {
		return ""
	}
	return " for " + terminal.Escape(r.InitiatorName)
}

// note says it on standard error, where that is a terminal and the table goes
// elsewhere; once for a name.
func (a AskedAs) note(r *initiator.Result, flush func() error) error {
	if a.SayOnce == nil || r.Err != nil || a.InRow() {
		return nil
	}
	if err := flush(); err != nil {
		return err
	}
	a.SayOnce("no targets for %s: which targets a portal lists depends on the initiator name", r.InitiatorName)
	return nil
}
