package render

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/go-iscsi/discovery/cmd/internal/column"
	"github.com/go-iscsi/discovery/cmd/internal/sweep"
	"github.com/go-iscsi/discovery/cmd/internal/terminal"
	"github.com/go-iscsi/discovery/cmd/internal/wording"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

// What is held of a portal so that its columns stand in line.
const (
	MaxTable      = 1000    // targets
	maxTableBytes = 1 << 20 // of memory that they take
)

// A TableOutput prints for people: a portal, then its targets with addresses.
type TableOutput struct {
	lines
	Notes   *Notes
	AskedAs AskedAs

	Adding  bool       // say that a portal is in the registry now
	held    target.Set // of the portal whose turn it is
	printed int        // targets of it that were too many to wait for the rest
	scratch []byte
}

// NewTableOutput returns the output for people.
func NewTableOutput(w io.Writer, notes *Notes, us AskedAs) *TableOutput {
	o := &TableOutput{lines: lines{w: w}, Notes: notes, AskedAs: us}
	o.Silent(nil)
	return o
}

// Targets holds the targets of a batch until all of the portal are there, since their
// columns stand in line; those of a long list it shows in pieces.
func (o *TableOutput) Targets(b *initiator.Batch) error {
	for i := range b.Len() {
		o.held.Add(&b.List, i, i+1)
		if o.held.Len() < MaxTable && o.held.Size() < maxTableBytes {
			continue
		}
		if o.printed == 0 {
			what := "a long list"
			if o.held.Len() >= MaxTable {
				what = fmt.Sprintf("more than %d targets", MaxTable-1)
			}
			o.b = fmt.Appendf(o.b, "%s: %s\n", b.Portal, what)
		}
		if err := o.rows(); err != nil {
			return err
		}
	}
	return nil
}

// Portal shows a result: its headline, then the targets that are held.
func (o *TableOutput) Portal(r *initiator.Result) error {
	total := o.printed + o.held.Len()
	if o.printed > 0 {
		if err := o.rows(); err != nil {
			return err
		}
	}
	if r.Err == nil || total > 0 {
		stored := ""
		if o.Adding && r.Stored {
			stored = "stored; "
		}
		whom := ""
		if total == 0 {
			whom = o.AskedAs.inTable(r)
		}
		o.b = fmt.Appendf(o.b, "%s: %s%s%s\n%s%s", heading(r), stored, Summary(total, r), whom, protection(r), authentication(&r.Auth))
	}
	if total == 0 {
		if err := o.HandOn(); err != nil {
			return err
		}
		if err := o.AskedAs.note(r, o.Notes.Flush); err != nil {
			return err
		}
	}
	if err := o.rows(); err != nil {
		return err
	}
	o.Silent(r)
	if err := o.HandOn(); err != nil {
		return err
	}
	return o.Notes.Portal(r)
}

// Silent forgets the targets that are held.
func (o *TableOutput) Silent(*initiator.Result) {
	o.held, o.printed = target.Set{Repeats: true}, 0
}

// End sums the blocks up in notes.
func (o *TableOutput) End(blocks []*sweep.Block) error {
	if err := o.HandOn(); err != nil {
		return err
	}
	return o.Notes.End(blocks)
}

// heading names the portal, and the address that answered where that is another.
func heading(r *initiator.Result) string {
	asked := r.Asked.Portal.String()
	if used := r.Address.String(); r.Address.IsValid() && used != asked {
		return terminal.Escape(asked + " (" + used + ")")
	}
	return terminal.Escape(asked)
}

// Summary counts the targets of a result that were shown, and those that were left
// out.
func Summary(targets int, r *initiator.Result) string {
	s := "no targets"
	if targets > 0 {
		s = wording.Plural(targets, "target", "targets")
	}
	if r.LeftOut > 0 {
		s += fmt.Sprintf(", %d left out", r.LeftOut)
	}
	if r.Err != nil {
		s += ", then it failed"
	}
	return s
}

// rows prints the targets that are held.
func (o *TableOutput) rows() error {
	nameWidth, addressWidth, reachWidth := 0, 0, 0
	for i := range o.held.Len() {
		nameWidth = max(nameWidth, column.Width(terminal.Escape(o.held.Name(i))))
		if i > 0 && o.held.SameAddresses(i-1, i) {
			continue
		}
		for a := range o.held.Addresses(i) {
			o.scratch = appendAddressText(o.scratch[:0], a)
			addressWidth, reachWidth = max(addressWidth, column.Width(o.scratch)), max(reachWidth, len(a.Reach.String()))
		}
	}
	for i := range o.held.Len() {
		name, alias := terminal.Escape(o.held.Name(i)), o.held.Alias(i)
		if alias != "" {
			alias = QuoteForPeople(alias)
		}
		for a := range o.held.Addresses(i) {
			o.b = appendPadded(append(o.b, "  "...), name, nameWidth)
			o.b = append(o.b, "  "...)
			from := len(o.b)
			o.b = appendAddressText(o.b, a)
			if alias != "" || reachWidth > 0 {
				o.b = appendSpaces(o.b, addressWidth-column.Width(o.b[from:]))
			}
			if reachWidth > 0 {
				o.b = appendPadded(append(o.b, "  "...), a.Reach.String(), reachWidth)
			}
			if alias != "" {
				o.b = append(append(o.b, "  "...), alias...)
			} else if reachWidth > 0 {
				o.b = bytes.TrimRight(o.b, " ")
			}
			o.b = append(o.b, '\n')
			name, alias = "", ""
			if err := o.add(o.b); err != nil {
				return err
			}
		}
	}
	o.printed += o.held.Len()
	o.held = target.Set{Repeats: true}
	return nil
}

// appendPadded appends s and as many spaces as make it that wide.
func appendPadded(b []byte, s string, width int) []byte {
	return appendSpaces(append(b, s...), width-column.Width(s))
}

// appendSpaces appends n spaces.
func appendSpaces(b []byte, n int) []byte {
	const many = "                                "
	for ; n > len(many); n -= len(many) {
		b = append(b, many...)
	}
	return append(b, many[:max(n, 0)]...)
}

// AddressText is host:port,group, without the group where none is known, and with
// the reason where the address is of no use.
func AddressText(a target.Address) string { return string(appendAddressText(nil, a)) }

func appendAddressText(b []byte, a target.Address) []byte {
	from := len(b)
	b = a.AppendTo(b)
	for _, c := range b[from:] {
		if c < ' ' || c > '~' || c == '\\' {
			b = append(b[:from], terminal.Escape(a.String())...)
			break
		}
	}
	b = bytes.TrimSuffix(b, []byte(",-1"))
	if a.Unusable != target.Usable {
		b = append(append(append(b, " (unusable: "...), a.Unusable.String()...), ')')
	}
	return b
}

// QuoteForPeople quotes free text of a target's.
func QuoteForPeople(s string) string {
	return `"` + strings.ReplaceAll(terminal.Escape(s), `"`, `\"`) + `"`
}
