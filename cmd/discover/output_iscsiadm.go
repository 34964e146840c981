package main

import (
	"github.com/go-iscsi/discovery/pkg/initiator"
)

// An iscsiadmOutput prints the lines that the field's scripts parse: one for
// each address of each target.
type iscsiadmOutput struct {
	lines
	notes *notes

	// With several sessions for a portal, its lines so far: each is printed
	// once. nil: one session.
	printed map[string]bool
	asked   initiator.Portal

	last initiator.TargetAddress // and how its lines begin
	text []byte
}

func (o *iscsiadmOutput) target(t *initiator.TargetFound) error {
	line := o.b
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
		if a != o.last || o.text == nil {
			o.last, o.text = a, append(a.AppendTo(o.text[:0]), ' ')
		}
		line = append(append(line, o.text...), t.Target.Name...)
		line = append(line, '\n')
	}
	return o.add(line)
}

func (o *iscsiadmOutput) portal(r *initiator.Result) error {
	if err := o.handOn(); err != nil {
		return err
	}
	return o.notes.portal(r)
}

func (o *iscsiadmOutput) end(blocks []*block) error {
	if err := o.handOn(); err != nil {
		return err
	}
	return o.notes.end(blocks)
}
