package main

import (
	"fmt"
	"io"
	"slices"
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/go-iscsi/discovery/pkg/initiator"
)

// maxTable is how many targets are held so that their columns stand in line.
const maxTable = 1000

// A tableOutput prints for people: a portal, then its targets with addresses.
type tableOutput struct {
	w       io.Writer
	notes   *notes
	askedAs askedAs

	adding  bool               // say that a portal is in the registry now
	held    []initiator.Target // of the portal whose turn it is
	printed int                // targets of it that were too many to wait for the rest
}

func (o *tableOutput) targets(b *initiator.Batch) error {
	for i := range b.Len() {
		o.held = append(o.held, b.Target(i))
		if len(o.held) < maxTable {
			continue
		}
		if o.printed == 0 {
			if _, err := fmt.Fprintf(o.w, "%s: more than %d targets\n", b.Portal, maxTable-1); err != nil {
				return err
			}
		}
		o.printed += len(o.held)
		if err := o.rows(); err != nil {
			return err
		}
	}
	return nil
}

func (o *tableOutput) handOn() error { return nil } // what it holds waits for the rest

func (o *tableOutput) portal(r *initiator.Result) error {
	total := o.printed + len(o.held)
	long := o.printed > 0
	if long {
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
		if _, err := fmt.Fprintf(o.w, "%s: %s%s%s\n%s%s", heading(r), stored, summary(total, r), whom, protection(r), authentication(&r.Auth)); err != nil {
			return err
		}
	}
	if total == 0 {
		if err := o.askedAs.note(r, o.notes.flush); err != nil {
			return err
		}
	}
	if err := o.rows(); err != nil {
		return err
	}
	o.printed = 0
	return o.notes.portal(r)
}

func (o *tableOutput) end(blocks []*block) error { return o.notes.end(blocks) }

// heading names the portal, and the address that answered where that is another.
func heading(r *initiator.Result) string {
	asked := r.Portal.Portal.String()
	if used := r.Address.String(); r.Address.IsValid() && used != asked {
		return escape(asked + " (" + used + ")")
	}
	return escape(asked)
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
	nameWidth, addressWidth := 0, 0
	for _, t := range o.held {
		nameWidth = max(nameWidth, utf8.RuneCountInString(t.Name))
		for _, a := range t.Addresses {
			addressWidth = max(addressWidth, len(addressText(a)))
		}
	}
	var b strings.Builder
	for _, t := range o.held {
		name, alias := escape(t.Name), t.Alias
		for _, a := range t.Addresses {
			row := fmt.Sprintf("  %-*s  %-*s", nameWidth, name, addressWidth, addressText(a))
			if alias != "" {
				row += "  " + quoteForPeople(alias)
			}
			b.WriteString(strings.TrimRight(row, " "))
			b.WriteByte('\n')
			name, alias = "", ""
		}
	}
	o.held = o.held[:0]
	_, err := io.WriteString(o.w, b.String())
	return err
}

// addressText is host:port,group, without the group where none is known, and with
// the reason where the address is of no use.
func addressText(a initiator.TargetAddress) string {
	s := strings.TrimSuffix(escape(a.String()), ",-1")
	if a.Unusable != initiator.Usable {
		s += " (unusable: " + a.Unusable.String() + ")"
	}
	return s
}

// quoteForPeople quotes free text of a target's.
func quoteForPeople(s string) string {
	return `"` + strings.ReplaceAll(escape(s), `"`, `\"`) + `"`
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
