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
	printed *lineSet
	asked   initiator.Portal
	room    int   // bytes of memory for that
	full    error // why no more lines are printed of the session; nil: they are

	begins  addressTexts // how the lines of an address begin
	between []byte       // what is between two names
}

func newISCSIADMOutput(w io.Writer, notes *notes) *iscsiadmOutput {
	return &iscsiadmOutput{lines: lines{w: w}, notes: notes, begins: addressTexts{append: func(b []byte, a initiator.TargetAddress) []byte {
		return append(a.AppendTo(b), ' ')
	}}}
}

func (o *iscsiadmOutput) targets(b *initiator.Batch) error {
	if o.printed == nil {
		return inRuns(b, o.run, o.target)
	}
	if b.Portal != o.asked {
		o.asked = b.Portal
		*o.printed = lineSet{}
	}
	for i := 0; i < b.Len() && o.full == nil; i++ {
		if o.printed.isFull(len(b.Addresses(i)), o.room) {
			o.full = &initiator.LimitError{What: "lines that can be told from those of other ports", Limit: int64(o.printed.used)}
		} else if err := o.target(b, i); err != nil {
			return err
		}
	}
	if o.full != nil {
		b.Stop(o.full)
		if b.Result != nil {
			overfull(b.Result, o.full, "ask from one port, or use -o jsonl")
			o.full = nil
		}
	}
	return nil
}

// run adds the lines of the targets from i on that have one address, the same, and
// returns where others begin.
func (o *iscsiadmOutput) run(b *initiator.Batch, i int) (int, error) {
	address := b.Addresses(i)
	if len(address) != 1 {
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
		from := len(line)
		line = append(append(append(line, o.begins.of(a)...), name...), '\n')
		if o.printed != nil && !o.printed.enter(line[from:]) {
			line = line[:from]
		}
	}
	return o.add(line)
}

func (o *iscsiadmOutput) portal(r *initiator.Result) error {
	if err := o.handOn(); err != nil {
		return err
	}
	return o.notes.portal(r)
}

func (o *iscsiadmOutput) silent(*initiator.Result) {}

func (o *iscsiadmOutput) end(blocks []*block) error {
	if err := o.handOn(); err != nil {
		return err
	}
	return o.notes.end(blocks)
}
