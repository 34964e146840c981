package main

import (
	"io"

	"github.com/go-iscsi/discovery/pkg/initiator"
)

// An iscsiadmOutput prints the lines that the field's scripts parse: one for
// each address of each target.
type iscsiadmOutput struct {
	w     io.Writer
	notes *notes
	line  []byte

	// With several sessions for a portal, its lines so far: each is printed
	// once. nil: one session.
	printed map[string]bool
	asked   initiator.Portal
}

func (o *iscsiadmOutput) target(t *initiator.TargetFound) error {
	o.line = o.line[:0]
	if o.printed != nil && t.Portal != o.asked {
		o.asked = t.Portal
		clear(o.printed)
	}
	for _, a := range t.Target.Addresses {
		if o.printed != nil {
			key := a.String() + " " + t.Target.Name
			if o.printed[key] {
				continue
			}
			o.printed[key] = true
		}
		o.line = a.AppendTo(o.line)
		o.line = append(o.line, ' ')
		o.line = append(o.line, t.Target.Name...)
		o.line = append(o.line, '\n')
	}
	_, err := o.w.Write(o.line)
	return err
}

func (o *iscsiadmOutput) portal(r *initiator.Result) error { return o.notes.portal(r) }
func (o *iscsiadmOutput) end(blocks []*block) error        { return o.notes.end(blocks) }
