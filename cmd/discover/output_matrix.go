package main

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/go-iscsi/discovery/pkg/initiator"
)

// A matrixOutput shows people which port sees which targets of a portal.
type matrixOutput struct {
	w       io.Writer
	notes   *notes
	askedAs askedAs

	// Of the portal whose turn it is.
	portals []initiator.Result // one for each port, in order
	names   []string           // of targets, in the order in which they were seen first
	seen    map[string][]int   // by whom, by name: indexes of portals
	listed  bool               // it is to be shown
}

func (o *matrixOutput) targets(b *initiator.Batch) error {
	if o.seen == nil {
		o.seen = make(map[string][]int)
	}
	for i := range b.Len() {
		name := string(b.Name(i))
		if o.seen[name] == nil {
			o.names = append(o.names, name)
		}
		by, here := o.seen[name], len(o.portals)
		if len(by) == 0 || by[len(by)-1] != here {
			o.seen[name] = append(by, here)
		}
	}
	return nil
}

func (o *matrixOutput) handOn() error { return nil }

func (o *matrixOutput) portal(r *initiator.Result) error {
	o.listed = true
	o.silent(r)
	return nil
}

// silent takes the result of a port by which nobody was met at an address of a
// block.
func (o *matrixOutput) silent(r *initiator.Result) {
	kept := *r
	kept.Targets = nil
	o.portals = append(o.portals, kept)
}

// flush shows the portal when all its ports are done.
func (o *matrixOutput) flush() error {
	portals, names, seen, listed := o.portals, o.names, o.seen, o.listed
	o.portals, o.names, o.seen, o.listed = nil, nil, nil, false
	if !listed {
		return nil
	}
	if err := o.write(portals, names, seen); err != nil {
		return err
	}
	for i := range portals {
		if portals[i].TargetsFound == 0 {
			if err := o.askedAs.note(&portals[i], o.notes.flush); err != nil {
				return err
			}
		}
		if err := o.notes.portal(&portals[i]); err != nil {
			return err
		}
	}
	return nil
}

// write writes a portal: a line for each port, then one for each target with a
// column for each port.
func (o *matrixOutput) write(portals []initiator.Result, names []string, seen map[string][]int) error {
	if len(portals) == 1 && portals[0].Port.Instance == "" {
		return nil // no port reaches it: the note says why
	}
	if _, err := fmt.Fprintf(o.w, "%s:\n", visible(portals[0].Portal.Portal.String())); err != nil {
		return err
	}
	ports := columns{w: o.w, indent: "  ", head: []string{"PORT", "INTERFACE", "SOURCE", "ADDRESS", ""}}
	for i := range portals {
		r := &portals[i]
		address := ""
		if r.Address.IsValid() && r.Address.String() != r.Portal.Portal.String() {
			address = r.Address.String()
		}
		if err := ports.row(portLabel(r.Port.Instance, r.Port.Number), r.Port.Interface, r.Port.Address.String(), address, o.outcome(r)); err != nil {
			return err
		}
	}
	if err := ports.flush(); err != nil || len(names) == 0 {
		return err
	}
	return o.matrix(portals, names, seen)
}

// outcome is what came of asking from a port, in a few words.
func (o *matrixOutput) outcome(r *initiator.Result) string {
	if r.Err != nil && r.TargetsFound == 0 {
		return "failed"
	}
	s := summary(r.TargetsFound, r)
	if r.TargetsFound == 0 {
		s += o.askedAs.inTable(r)
	}
	if r.IPsec.IPsec {
		s += ", under " + planText(&r.IPsec)
	}
	if how := authText(&r.Auth); how != "" {
		s += ", " + how
	}
	return s
}

// matrix writes the targets with a column for each port.
func (o *matrixOutput) matrix(portals []initiator.Result, names []string, seen map[string][]int) error {
	labels := make([]string, len(portals))
	for i := range portals {
		labels[i] = portLabel(portals[i].Port.Instance, portals[i].Port.Number)
	}
	width := utf8.RuneCountInString("TARGET")
	for _, name := range names {
		width = max(width, utf8.RuneCountInString(visible(name)))
	}
	var b strings.Builder
	line := func(first string, cell func(i int) string) {
		row := fmt.Sprintf("  %-*s", width, first)
		for i := range portals {
			row += fmt.Sprintf("  %-*s", len(labels[i]), cell(i))
		}
		b.WriteString(strings.TrimRight(row, " "))
		b.WriteByte('\n')
	}
	line("TARGET", func(i int) string { return labels[i] })
	for _, name := range names {
		by := seen[name]
		line(visible(name), func(i int) string {
			switch {
			case len(by) > 0 && by[0] == i:
				by = by[1:]
				return "yes"
			case portals[i].Err != nil:
				return "?"
			}
			return "no"
		})
	}
	_, err := io.WriteString(o.w, b.String())
	return err
}

func (o *matrixOutput) end(blocks []*block) error {
	if err := o.flush(); err != nil {
		return err
	}
	return o.notes.end(blocks)
}
