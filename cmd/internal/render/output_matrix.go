package render

import (
	"bytes"
	"fmt"
	"io"

	"github.com/go-iscsi/discovery/cmd/internal/column"
	"github.com/go-iscsi/discovery/cmd/internal/sweep"
	"github.com/go-iscsi/discovery/cmd/internal/terminal"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
	"github.com/go-iscsi/discovery/pkg/pdu"
)

// A MatrixOutput shows people which port sees which targets of a portal. It collects
// the names that any of them sees.
type MatrixOutput struct {
	lines
	notes   *Notes
	askedAs AskedAs
	room    int64 // bytes of memory for names

	// Of the portal whose turn it is.
	portals []initiator.Result // one for each port, in order
	names   target.Set         // without addresses, in the order in which they were seen first
	seen    [][]uint64         // by whom: for each port a bit for each name
	reach   reachMatrix        // what probes found out from each
	full    error              // why no more names are taken of the port whose turn it is; nil: they are
	listed  bool               // it is to be shown
}

// NewMatrixOutput returns the output for people of more than one session with a portal.
// room is how many bytes of memory the names of one portal may take.
func NewMatrixOutput(w io.Writer, notes *Notes, us AskedAs, room int64) *MatrixOutput {
	return &MatrixOutput{lines: lines{w: w}, notes: notes, askedAs: us, room: room}
}

// Targets notes which targets the port sees whose turn it is.
func (o *MatrixOutput) Targets(b *initiator.Batch) error {
	if b.Len() > 0 && o.full == nil {
		o.see(b)
		if o.names.Size() > o.room {
			o.full = &pdu.LimitError{What: "bytes of names, the most that can be collected in memory", Limit: o.room}
		}
	}
	if o.full != nil {
		b.Stop(o.full)
		if b.Result != nil {
			b.Result.Overfull(o.full, "use -o jsonl")
			o.full = nil // of this port: the next may have what is known already
		}
	}
	return nil
}

// see notes that a port sees the targets of a batch.
func (o *MatrixOutput) see(b *initiator.Batch) {
	var names target.List
	for i := range b.Len() {
		names.Add(&target.Target{Name: string(b.Name(i))})
	}
	o.names.Add(&names, 0, names.Len())
	here := len(o.portals)
	for len(o.seen) <= here {
		o.seen = append(o.seen, nil)
	}
	bits := o.seen[here]
	for i := range b.Len() {
		at, _ := o.names.Find(b.Name(i))
		for len(bits) <= at/64 {
			bits = append(bits, 0)
		}
		bits[at/64] |= 1 << (at % 64)
		o.reach.add(here, b.Addresses(i))
	}
	o.seen[here] = bits
}

// sees reports whether a port sees a target.
func (o *MatrixOutput) sees(port, target int) bool {
	return port < len(o.seen) && target/64 < len(o.seen[port]) && o.seen[port][target/64]>>(target%64)&1 != 0
}

// Portal takes the result of a port; Flush shows it.
func (o *MatrixOutput) Portal(r *initiator.Result) error {
	o.listed = true
	o.Silent(r)
	return nil
}

// Silent takes the result of a port from which there was no connection to an address of
// a block.
func (o *MatrixOutput) Silent(r *initiator.Result) { o.portals = append(o.portals, *r) }

// Flush shows the portal when all its ports are done.
func (o *MatrixOutput) Flush() error {
	if o.listed {
		if err := o.write(); err != nil {
			return err
		}
		if err := o.HandOn(); err != nil {
			return err
		}
		if err := o.reach.write(o.w, o.portals); err != nil {
			return err
		}
		for i := range o.portals {
			if o.portals[i].TargetsFound == 0 {
				if err := o.askedAs.note(&o.portals[i], o.notes.Flush); err != nil {
					return err
				}
			}
			if err := o.notes.Portal(&o.portals[i]); err != nil {
				return err
			}
		}
	}
	o.portals, o.names, o.seen, o.reach, o.full, o.listed = nil, target.Set{}, nil, reachMatrix{}, nil, false
	return nil
}

// write writes a portal: a line for each port, then one for each target with a
// column for each port.
func (o *MatrixOutput) write() error {
	if len(o.portals) == 1 && o.portals[0].InitiatorPort.Instance == "" {
		return nil // no port reaches it: the note says why
	}
	o.b = fmt.Appendf(o.b, "%s:\n", terminal.Visible(o.portals[0].Asked.Portal.String()))
	if err := o.HandOn(); err != nil {
		return err
	}
	ports := Columns{W: o.w, indent: "  ", Head: []string{"PORT", "INTERFACE", "SOURCE", "ADDRESS", ""}}
	for i := range o.portals {
		r := &o.portals[i]
		address := ""
		if r.Address.IsValid() && r.Address.String() != r.Asked.Portal.String() {
			address = r.Address.String()
		}
		if err := ports.row(portLabel(r.InitiatorPort.Instance, r.InitiatorPort.Number), r.InitiatorPort.Interface, r.InitiatorPort.Address.String(), address, o.outcome(r)); err != nil {
			return err
		}
	}
	if err := ports.flush(); err != nil || o.names.Len() == 0 {
		return err
	}
	return o.matrix()
}

// outcome is what came of asking from a port, in a few words.
func (o *MatrixOutput) outcome(r *initiator.Result) string {
	if r.Err != nil && r.TargetsFound == 0 {
		return sweep.Word(r)
	}
	s := Summary(r.TargetsFound, r)
	if r.TargetsFound == 0 {
		s += o.askedAs.inTable(r)
	}
	if r.IPsec.IPsec {
		s += ", under " + planText(&r.IPsec, r.Asked.IPsec.IKE)
	}
	if how := authText(&r.Auth); how != "" {
		s += ", " + how
	}
	return s
}

// matrix writes the targets with a column for each port.
func (o *MatrixOutput) matrix() error {
	labels := make([]string, len(o.portals))
	for i := range o.portals {
		labels[i] = terminal.Visible(portLabel(o.portals[i].InitiatorPort.Instance, o.portals[i].InitiatorPort.Number))
	}
	const head = "TARGET"
	width := len(head)
	for i := range o.names.Len() {
		width = max(width, column.Width(terminal.Visible(o.names.Name(i))))
	}
	line := func(first string, cell func(i int) string) error {
		b := appendPadded(append(o.b, "  "...), first, width)
		for i := range o.portals {
			b = appendPadded(append(b, "  "...), cell(i), column.Width(labels[i]))
		}
		return o.add(append(bytes.TrimRight(b, " "), '\n'))
	}
	if err := line(head, func(i int) string { return labels[i] }); err != nil {
		return err
	}
	for n := range o.names.Len() {
		err := line(terminal.Visible(o.names.Name(n)), func(i int) string {
			switch {
			case o.sees(i, n):
				return "yes"
			case o.portals[i].Err != nil:
				return "?"
			}
			return "no"
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// End shows the last portal, and sums the blocks up in notes.
func (o *MatrixOutput) End(blocks []*sweep.Block) error {
	if err := o.Flush(); err != nil {
		return err
	}
	return o.notes.End(blocks)
}
