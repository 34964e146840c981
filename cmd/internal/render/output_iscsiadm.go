package render

import (
	"cmp"
	"io"

	"github.com/go-iscsi/discovery/cmd/internal/stream"
	"github.com/go-iscsi/discovery/cmd/internal/sweep"
	"github.com/go-iscsi/discovery/cmd/internal/terminal"
	"github.com/go-iscsi/discovery/cmd/internal/wording"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/login"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
	"github.com/go-iscsi/discovery/pkg/pdu"
)

// An ISCSIADMOutput prints the lines that the field's scripts parse: one for
// each address of each target.
type ISCSIADMOutput struct {
	lines
	notes *Notes

	// With several sessions for a portal, its lines so far: each is printed
	// once. nil: one session.
	Printed *stream.LineSet
	asked   initiator.Portal
	Room    int   // bytes of memory for that
	full    error // why no more lines are printed of the session; nil: they are

	ends    addressEnds
	between []byte // what is between two names

	LeftOut int // addresses of the portal to which no connection from this host is possible
}

// NewISCSIADMOutput returns the output of -o iscsiadm. notes takes what is no line of a
// target.
func NewISCSIADMOutput(w io.Writer, notes *Notes) *ISCSIADMOutput {
	return &ISCSIADMOutput{lines: lines{w: w}, notes: notes, ends: addressEnds{append: func(b []byte, a *target.Address) []byte {
		return append(a.AppendEnd(b), ' ')
	}}}
}

// Targets adds a line for each address of each target that can be used from here.
func (o *ISCSIADMOutput) Targets(b *initiator.Batch) error {
	if o.Printed == nil {
		return inRuns(b, o.run, o.target)
	}
	if b.Portal != o.asked {
		o.asked = b.Portal
		*o.Printed = stream.LineSet{}
	}
	for i := 0; i < b.Len() && o.full == nil; i++ {
		if o.Printed.IsFull(len(b.Addresses(i)), o.Room) {
			o.full = &pdu.LimitError{What: "lines, the most that can be compared with the lines of other ports", Limit: int64(o.Printed.Len())}
		} else if err := o.target(b, i); err != nil {
			return err
		}
	}
	if o.full != nil {
		b.Stop(o.full)
		if b.Result != nil {
			b.Result.Overfull(o.full, "ask from one port, or use -o jsonl")
			o.full = nil
		}
	}
	return nil
}

// run adds the lines of the targets from i on that have one address each, and returns where
// another begins.
func (o *ISCSIADMOutput) run(b *initiator.Batch, i int) (int, error) {
	line := o.b
	for i < b.Len() && len(line) < stream.MaxLines {
		addresses := b.Addresses(i)
		if len(addresses) != 1 || addresses[0].Unusable != target.Usable {
			break
		}
		from := len(line)
		line = o.appendAddress(line, &addresses[0])
		prefix := line[from:]
		line = append(append(line, b.Name(i)...), '\n')
		if i++; i < b.Len() && SameMemory(b.Addresses(i), addresses) {
			o.between = append(append(o.between[:0], '\n'), prefix...)
			i, line = o.alike(b, i, line)
		}
	}
	return i, o.add(line)
}

// alike adds the lines of the targets from i on that have the address of the one before.
func (o *ISCSIADMOutput) alike(b *initiator.Batch, i int, line []byte) (int, []byte) {
	prefix, addresses := o.between[1:], b.Addresses(i)
	line = append(line, prefix...)
	for ; i < b.Len() && len(line) < stream.MaxLines && SameMemory(b.Addresses(i), addresses); i++ {
		line = append(append(line, b.Name(i)...), o.between...)
	}
	return i, line[:len(line)-len(prefix)]
}

// appendAddress appends how the line of an address begins.
func (o *ISCSIADMOutput) appendAddress(line []byte, a *target.Address) []byte {
	return append(a.AppendHost(line), o.ends.of(a)...)
}

// target adds the lines of any target: of each address that can be used, or of the
// address in use where there is no other.
func (o *ISCSIADMOutput) target(b *initiator.Batch, i int) error {
	name, before, left := b.Name(i), len(o.b), 0
	line, addresses := o.b, b.Addresses(i)
	for k := range addresses {
		a := &addresses[k]
		if a.Unusable != target.Usable {
			left++
			continue
		}
		line = o.appendLine(line, name, a)
	}
	o.LeftOut += left
	if left > 0 && left == len(addresses) && b.Address.IsValid() {
		line = o.appendLine(line, name, &target.Address{Host: b.Address.Addr().String(), Port: b.Address.Port(), Group: target.NoGroup})
	}
	if len(line) == before {
		return nil
	}
	return o.add(line)
}

// appendLine appends the line of an address, unless an earlier session has brought it.
func (o *ISCSIADMOutput) appendLine(line, name []byte, a *target.Address) []byte {
	from := len(line)
	line = append(append(o.appendAddress(line, a), name...), '\n')
	if o.Printed != nil && !o.Printed.Enter(line[from:]) {
		line = line[:from]
	}
	return line
}

// Portal writes what was added, and says what the result has to say beside it.
func (o *ISCSIADMOutput) Portal(r *initiator.Result) error {
	if err := o.HandOn(); err != nil {
		return err
	}
	if err := o.notes.Portal(r); err != nil {
		return err
	}
	if r.Err == nil && r.Asked.Login.CHAPPolicy == login.CHAPPreferred {
		o.notes.Say("%s: %s", terminal.Visible(r.Asked.Portal.String()), cmp.Or(authText(&r.Auth), "no CHAP, which the portal did not choose"))
	}
	if o.LeftOut == 0 {
		return nil
	}
	o.notes.Say("%s: %s", terminal.Visible(r.Asked.Portal.String()), AddressesLeftOut(o.LeftOut))
	o.LeftOut = 0
	return nil
}

// AddressesLeftOut says how many addresses have no line.
func AddressesLeftOut(n int) string {
	return wording.Plural(n, "address was left out: it cannot be used from here", "addresses were left out: they cannot be used from here")
}

// Silent shows nothing.
func (o *ISCSIADMOutput) Silent(*initiator.Result) {}

// End sums the blocks up in notes.
func (o *ISCSIADMOutput) End(blocks []*sweep.Block) error {
	if err := o.HandOn(); err != nil {
		return err
	}
	return o.notes.End(blocks)
}
