package main

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/go-iscsi/discovery/cmd/discover/internal/machine"
	"github.com/go-iscsi/discovery/pkg/initiator"
)

// What is held of a portal so that its columns stand in line.
const (
	maxTable      = 1000    // targets
	maxTableBytes = 1 << 20 // of memory that they take
)

// A tableOutput prints for people: a portal, then its targets with addresses.
type tableOutput struct {
	lines
	notes   *notes
	askedAs askedAs

	adding  bool                // say that a portal is in the registry now
	held    initiator.TargetSet // of the portal whose turn it is
	printed int                 // targets of it that were too many to wait for the rest
	scratch []byte
}

func newTableOutput(w io.Writer, notes *notes, us askedAs) *tableOutput {
	o := &tableOutput{lines: lines{w: w}, notes: notes, askedAs: us}
	o.silent(nil)
	return o
}

func (o *tableOutput) targets(b *initiator.Batch) error {
	for i := range b.Len() {
		o.held.Add(b, i, i+1)
		if o.held.Len() < maxTable && o.held.Size() < maxTableBytes {
			continue
		}
		if o.printed == 0 {
			what := "a long list"
			if o.held.Len() >= maxTable {
				what = fmt.Sprintf("more than %d targets", maxTable-1)
			}
			o.b = fmt.Appendf(o.b, "%s: %s\n", b.Portal, what)
		}
		if err := o.rows(); err != nil {
			return err
		}
	}
	return nil
}

func (o *tableOutput) portal(r *initiator.Result) error {
	total := o.printed + o.held.Len()
	if o.printed > 0 {
		if err := o.rows(); err != nil {
			return err
		}
	}
	if r.Err == nil || total > 0 {
		stored := ""
		if o.adding && r.Stored {
			stored = "stored; "
		}
		whom := ""
		if total == 0 {
			whom = o.askedAs.inTable(r)
		}
		o.b = fmt.Appendf(o.b, "%s: %s%s%s\n%s%s", heading(r), stored, summary(total, r), whom, protection(r), authentication(&r.Auth))
	}
	if total == 0 {
		if err := o.handOn(); err != nil {
			return err
		}
		if err := o.askedAs.note(r, o.notes.flush); err != nil {
			return err
		}
	}
	if err := o.rows(); err != nil {
		return err
	}
	o.silent(r)
	if err := o.handOn(); err != nil {
		return err
	}
	return o.notes.portal(r)
}

func (o *tableOutput) silent(*initiator.Result) {
	o.held, o.printed = initiator.TargetSet{Repeats: true}, 0
}

func (o *tableOutput) end(blocks []*block) error {
	if err := o.handOn(); err != nil {
		return err
	}
	return o.notes.end(blocks)
}

// heading names the portal, and the address that answered where that is another.
func heading(r *initiator.Result) string {
	asked := r.Portal.Portal.String()
	if used := r.Address.String(); r.Address.IsValid() && used != asked {
		return machine.Escape(asked + " (" + used + ")")
	}
	return machine.Escape(asked)
}

// summary counts the targets of a result that were shown, and those that were left
// out.
func summary(targets int, r *initiator.Result) string {
	s := "no targets"
	if targets > 0 {
		s = plural(targets, "target", "targets")
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
func (o *tableOutput) rows() error {
	nameWidth, addressWidth, reachWidth := 0, 0, 0
	for i := range o.held.Len() {
		nameWidth = max(nameWidth, utf8.RuneCountInString(o.held.Name(i)))
		if i > 0 && o.held.SameAddresses(i-1, i) {
			continue
		}
		for a := range o.held.Addresses(i) {
			o.scratch = appendAddressText(o.scratch[:0], a)
			addressWidth, reachWidth = max(addressWidth, len(o.scratch)), max(reachWidth, len(a.Reach.String()))
		}
	}
	for i := range o.held.Len() {
		name, alias := machine.Escape(o.held.Name(i)), o.held.Alias(i)
		if alias != "" {
			alias = quoteForPeople(alias)
		}
		for a := range o.held.Addresses(i) {
			o.b = appendPadded(append(o.b, "  "...), name, nameWidth)
			o.b = append(o.b, "  "...)
			from := len(o.b)
			o.b = appendAddressText(o.b, a)
			if alias != "" || reachWidth > 0 {
				o.b = appendSpaces(o.b, addressWidth-(len(o.b)-from))
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
	o.held = initiator.TargetSet{Repeats: true}
	return nil
}

// appendPadded appends s and as many spaces as make it that wide.
func appendPadded(b []byte, s string, width int) []byte {
	return appendSpaces(append(b, s...), width-utf8.RuneCountInString(s))
}

// appendSpaces appends n spaces.
func appendSpaces(b []byte, n int) []byte {
	const many = "                                "
	for ; n > len(many); n -= len(many) {
		b = append(b, many...)
	}
	return append(b, many[:max(n, 0)]...)
}

// addressText is host:port,group, without the group where none is known, and with
// the reason where the address is of no use.
func addressText(a initiator.TargetAddress) string { return string(appendAddressText(nil, a)) }

func appendAddressText(b []byte, a initiator.TargetAddress) []byte {
	from := len(b)
	b = a.AppendTo(b)
	for _, c := range b[from:] {
		if c < ' ' || c > '~' || c == '\\' {
			b = append(b[:from], machine.Escape(a.String())...)
			break
		}
	}
	b = bytes.TrimSuffix(b, []byte(",-1"))
	if a.Unusable != initiator.Usable {
		b = append(append(append(b, " (unusable: "...), a.Unusable.String()...), ')')
	}
	return b
}

// quoteForPeople quotes free text of a target's.
func quoteForPeople(s string) string {
	return `"` + strings.ReplaceAll(machine.Escape(s), `"`, `\"`) + `"`
}

// plural counts things.
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// summary says what became of the addresses of a block.
func (b *block) summary() string {
	s := fmt.Sprintf("%s: %d of %s answered", b.text, b.answered, plural(b.count, "address", "addresses"))
	if b.failed > 0 {
		s += fmt.Sprintf(", %d failed", b.failed)
	}
	if b.silent > 0 {
		s += fmt.Sprintf(", %d silent (%s)", b.silent, b.reasons())
	}
	if n := b.notAsked(); n > 0 {
		s += fmt.Sprintf(", %d not asked", n)
	}
	return s
}

// reasons lists why addresses are silent, the most frequent reason first.
func (b *block) reasons() string {
	var list []string
	for why := range b.why {
		list = append(list, why)
	}
	sort.Strings(list)
	slices.SortStableFunc(list, func(x, y string) int { return b.why[y] - b.why[x] })
	for i, why := range list {
		list[i] = fmt.Sprintf("%s: %d", why, b.why[why])
	}
	return strings.Join(list, ", ")
}
