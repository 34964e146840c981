package main

import (
	"io"

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

	begins  addressTexts // how the lines of an address begin
	between []byte       // what is between two names
}

func newISCSIADMOutput(w io.Writer, notes *notes) *iscsiadmOutput {
	return &iscsiadmOutput{lines: lines{w: w}, notes: notes, begins: addressTexts{append: func(b []byte, a initiator.TargetAddress) []byte {
		return append(a.AppendTo(b), ' ')
	}}}
}

func (o *iscsiadmOutput) targets(b *initiator.Batch) error {
	if o.printed != nil && b.Portal != o.asked {
		o.asked = b.Portal
		clear(o.printed)
	}
	return inRuns(b, o.run, o.target)
}

// run adds the lines of the targets from i on that have one address, the same, and
// returns where others begin.
func (o *iscsiadmOutput) run(b *initiator.Batch, i int) (int, error) {
	address := b.Addresses(i)
	if len(address) != 1 || o.printed != nil {
		return i, nil
	}
	o.between = append(append(o.between[:0], '\n'), o.begins.of(address[0])...)
	prefix := o.between[1:]
	line := append(o.b, prefix...)
	for ; i < b.Len() && len(line) < maxLines && sameMemory(b.Addresses(i), address); i++ {
		line = append(append(line, b.Name(i)...), o.between...)
	}
	return i, o.add(line[:len(line)-len(prefix)])
}

// target adds the lines of any target.
func (o *iscsiadmOutput) target(b *initiator.Batch, i int) error {
	line, name := o.b, b.Name(i)
	for _, a := range b.Addresses(i) {
		if o.printed != nil && o.isPrinted(name, a) {
			continue
		}
		line = append(append(append(line, o.begins.of(a)...), name...), '\n')
	}
	return o.add(line)
}

// isPrinted reports a line that an earlier session has brought.
func (o *iscsiadmOutput) isPrinted(name []byte, a initiator.TargetAddress) bool {
	key := a.String() + " " + string(name)
	if o.printed[key] {
		return true
	}
	o.printed[key] = true
	return false
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
