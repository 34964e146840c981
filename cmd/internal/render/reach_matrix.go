package render

import (
	"io"
	"strings"

	"github.com/go-iscsi/discovery/cmd/internal/terminal"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

// A reachMatrix shows people which port reaches which of the addresses that the
// targets of a portal advertise. The zero value is empty, and shows nothing.
type reachMatrix struct {
	addresses []string                  // in the order in which they were seen first
	found     map[string][]target.Reach // by address, of each port
}

// add takes the addresses of a target that was seen from the nth port.
func (m *reachMatrix) add(port int, addresses []target.Address) {
	for _, a := range addresses {
		if a.Reach == target.NotProbed {
			continue
		}
		text := strings.TrimSuffix(a.String(), ",-1")
		by, known := m.found[text]
		if !known {
			m.addresses = append(m.addresses, text)
		}
		for len(by) <= port {
			by = append(by, target.NotProbed)
		}
		by[port] = a.Reach
		if m.found == nil {
			m.found = make(map[string][]target.Reach)
		}
		m.found[text] = by
	}
}

// write writes a line for each address with a column for each port.
func (m *reachMatrix) write(w io.Writer, portals []initiator.Result) error {
	if len(m.addresses) == 0 {
		return nil
	}
	head := []string{"ADDRESS"}
	for i := range portals {
		head = append(head, terminal.Visible(portLabel(portals[i].InitiatorPort.Instance, portals[i].InitiatorPort.Number)))
	}
	lines := Columns{W: w, indent: "  ", Head: head}
	for _, address := range m.addresses {
		row := []string{address}
		for i := range portals {
			word := "-" // the port has not seen it
			if by := m.found[address]; i < len(by) && by[i] != target.NotProbed {
				word = by[i].String()
			}
			row = append(row, word)
		}
		if err := lines.row(row...); err != nil {
			return err
		}
	}
	return lines.flush()
}
