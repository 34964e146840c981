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

	begins []lineBegin // with the first, the second, … address of a target
}

// A lineBegin is how the lines of an address begin.
type lineBegin struct {
	address initiator.TargetAddress
	text    []byte
}

// maxBegins is how many of them are kept.
const maxBegins = 16

func (o *iscsiadmOutput) targets(b *initiator.Batch) error {
	if o.printed != nil && b.Portal != o.asked {
		o.asked = b.Portal
		clear(o.printed)
	}
	var last []initiator.TargetAddress // to which o.begins[0] belongs
	for i := range b.Len() {
		line, name, addresses := o.b, b.Name(i), b.Addresses(i)
		for j, a := range addresses {
			if j > 0 || !sameMemory(addresses, last) {
				o.begin(j, a)
			}
			if o.printed != nil && o.isPrinted(name, a) {
				continue
			}
			line = append(append(line, o.begins[j%maxBegins].text...), name...)
			line = append(line, '\n')
		}
		last = addresses
		if err := o.add(line); err != nil {
			return err
		}
	}
	return nil
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

// begin finds out how a line begins of the address with that index.
func (o *iscsiadmOutput) begin(index int, a initiator.TargetAddress) {
	if index %= maxBegins; index >= len(o.begins) {
		o.begins = append(o.begins, lineBegin{})
	}
	l := &o.begins[index]
	if l.text == nil || l.address != a {
		l.address, l.text = a, append(a.AppendTo(l.text[:0]), ' ')
	}
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
