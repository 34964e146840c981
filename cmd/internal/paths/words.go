package paths

import (
	"fmt"
	"strings"

	"github.com/go-iscsi/discovery/cmd/internal/terminal"
	"github.com/go-iscsi/discovery/cmd/internal/wording"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
	"github.com/go-iscsi/discovery/pkg/pdu"
)

// Shape returns the one character that stands for a state.
func (s State) Shape() string {
	switch s {
	case OK:
		return "●"
	case Few:
		return "▲"
	case Failed:
		return "✕"
	case NoRoute:
		return "–"
	case Unknown:
		return "?"
	}
	return ""
}

// Letter returns the shape for what takes ASCII alone.
func (s State) Letter() string {
	switch s {
	case OK:
		return "o"
	case Few:
		return "f"
	case Failed:
		return "x"
	case NoRoute:
		return "-"
	case Unknown:
		return "?"
	}
	return ""
}

// Meaning says what a state means.
func (s State) Meaning() string {
	switch s {
	case OK:
		return "all targets known at the portal"
	case Few:
		return "fewer"
	case Failed:
		return "failed, and where"
	case NoRoute:
		return "no route from this port"
	}
	return "not asked yet"
}

// States are all states, in the order of a legend.
var States = []State{OK, Few, Failed, Unknown, NoRoute}

// Text says in a few words what a cell of the column says beside its shape.
func (c *Cell) Text(in *Column) string {
	switch c.State {
	case OK:
		return fmt.Sprint(c.Targets) + c.tag()
	case Few:
		return fmt.Sprintf("%d of %d", c.Targets, in.Known) + c.tag()
	case Failed:
		if c.Last.Silent {
			return "silent"
		}
		return c.Last.Stage
	}
	return ""
}

func (c *Cell) tag() string {
	if c.IPsec == "" {
		return ""
	}
	return " " + terminal.Visible(c.IPsec)
}

// PortalText names a portal, without the TCP port that nearly all have.
func PortalText(p initiator.Portal) string {
	text := p.String()
	if p.Port == pdu.DefaultPort {
		text = strings.TrimSuffix(text, fmt.Sprintf(":%d", pdu.DefaultPort))
	}
	return terminal.Visible(text)
}

// Detail says which interface and address a port has.
func (r *Row) Detail() string {
	if r.Instance == "" || !r.Address.IsValid() {
		return ""
	}
	return terminal.Visible(strings.TrimLeft(r.Interface+" "+r.Address.String(), " "))
}

// GroupText names a portal group.
func GroupText(tag int) string {
	if tag == target.NoGroup {
		return "no group"
	}
	return fmt.Sprintf("group %d", tag)
}

// arrayWidth is how many columns of a terminal the name of an array has room for at least.
const arrayWidth = 24

// Sum counts the paths that are asked, by their state.
func (m *Matrix) Sum() (sum map[State]int, asked int) {
	sum = make(map[State]int)
	for r := range m.Cells {
		for c := range m.Cells[r] {
			sum[m.Cells[r][c].State]++
			if m.Cells[r][c].Entry.Portal.Port != 0 {
				asked++
			}
		}
	}
	return sum, asked
}

// silent counts the failed paths on which the portal did not answer.
func (m *Matrix) silent() (n int) {
	for _, row := range m.Cells {
		for c := range row {
			if row[c].State == Failed && row[c].Last.Silent {
				n++
			}
		}
	}
	return n
}

// Summary sums the matrix up in a line.
func (m *Matrix) Summary() string {
	sum, asked := m.Sum()
	parts := []string{fmt.Sprintf("%d of %s up", sum[OK]+sum[Few], wording.Plural(asked, "path", "paths"))}
	silent := m.silent()
	if n := sum[Failed] - silent; n > 0 {
		parts = append(parts, fmt.Sprintf("%d failed", n))
	}
	if silent > 0 {
		parts = append(parts, fmt.Sprintf("%d silent", silent))
	}
	if n := sum[Few]; n > 0 {
		parts = append(parts, fmt.Sprintf("%d with fewer targets", n))
	}
	return strings.Join(append(parts, wording.Plural(m.Targets, "target", "targets")), ", ")
}
