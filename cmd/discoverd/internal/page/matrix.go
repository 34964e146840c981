package page

import (
	"fmt"
	"slices"
	"strings"

	"github.com/go-iscsi/discovery/cmd/internal/paths"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/watch"
)

const (
	oneTable = 10   // columns that fit beside each other: with more, each array has a table of its own
	maxCells = 5000 // of the page; beyond that, portals of which all paths are up are left out
)

// A block is a table: the portals of one array, or of all where they are few.
type block struct {
	ID, Name string // of the array, where the block has one alone
	Targets  int
	Tally    []tally
	Heads    []arrayHead
	Columns  []columnHead
	Rows     []rowView
	Silent   string // the ports without a path to any of these portals
}

// An arrayHead stands above the portals of an array.
type arrayHead struct {
	Name    string
	Columns int
}

// A columnHead is a portal.
type columnHead struct {
	Portal, Label, Link string
	First               bool // of its array
}

// A rowView is an initiator port.
type rowView struct {
	Label, Where, State string
	Cells               []cellView
}

// A cellView is one path.
type cellView struct {
	mark
	Text, Small string
	Tag         string // how the path is protected
	Title       string // the error, or what else there is to say
	Label       string // the whole cell in words
	Link        string
	First       bool
}

// A tally counts the cells of a state.
type tally struct {
	mark
	Count int
}

// A matrixView is the matrix with what belongs to it.
type matrixView struct {
	Blocks  []block
	LeftOut int // portals of which all paths are up, and which are not shown
	Up, All int
	Failed  int
	Few     int
	Unknown int

	Protected bool // a path is under IPsec
}

// newMatrixView makes the tables of a matrix. all: nothing is left out.
func newMatrixView(m *paths.Matrix, states []watch.State, f *frame, all bool) matrixView {
	v := matrixView{}
	index := indexOf(states)
	shown := make([]bool, len(m.Columns))
	for c := range m.Columns {
		shown[c] = all || len(m.Rows)*len(m.Columns) <= maxCells
		for r := range m.Rows {
			switch cell := &m.Cells[r][c]; cell.State {
			case paths.OK:
				v.Up++
			case paths.Few:
				v.Up++
				v.Few++
				shown[c] = true
			case paths.Failed:
				v.Failed++
				shown[c] = true
			case paths.Unknown:
				if cell.Entry != (initiator.Key{}) {
					v.Unknown++
				}
			}
		}
		if !shown[c] {
			v.LeftOut++
		}
	}
	v.All = v.Up + v.Failed + v.Unknown
	if len(m.Columns)-v.LeftOut <= oneTable {
		v.add(m, 0, len(m.Columns), shown, index, f)
		return v
	}
	for c := 0; c < len(m.Columns); {
		end := c + 1
		for end < len(m.Columns) && m.Columns[end].Array == m.Columns[c].Array {
			end++
		}
		v.add(m, c, end, shown, index, f)
		c = end
	}
	return v
}

// add adds a block for the columns from one to another.
func (v *matrixView) add(m *paths.Matrix, from, to int, shown []bool, index map[string]*watch.State, f *frame) {
	b := block{ID: fmt.Sprintf("array-%d", len(v.Blocks)+1)}
	var columns []int
	for c := from; c < to; c++ {
		if !shown[c] {
			continue
		}
		array := &m.Arrays[m.Columns[c].Array]
		first := len(columns) == 0 || m.Columns[c].Array != m.Columns[columns[len(columns)-1]].Array
		if first {
			b.Heads = append(b.Heads, arrayHead{Name: visible(array.Name)})
			b.Name, b.Targets = visible(array.Name), array.Targets
		}
		b.Heads[len(b.Heads)-1].Columns++
		p := m.Columns[c].Portal
		b.Columns = append(b.Columns, columnHead{Portal: paths.PortalText(p), Label: visible(p.SymbolicName), Link: portalLink(p), First: first})
		columns = append(columns, c)
	}
	if len(columns) == 0 {
		return
	}
	counts := make(map[paths.State]int)
	var silent []string
	for r := range m.Rows {
		row := newRowView(&m.Rows[r])
		some := false
		for i, c := range columns {
			cell := &m.Cells[r][c]
			some = some || cell.State != paths.NoRoute
			counts[cell.State]++
			view := newCellView(cell, &m.Rows[r], m.Columns[c].Portal, index, f)
			view.First = b.Columns[i].First
			v.Protected = v.Protected || view.Tag != ""
			row.Cells = append(row.Cells, view)
		}
		if some {
			b.Rows = append(b.Rows, row)
		} else {
			silent = append(silent, strings.TrimSpace(row.Label+" "+row.State))
		}
	}
	b.Silent = strings.Join(silent, ", ")
	for _, s := range []paths.State{paths.OK, paths.Few, paths.Failed, paths.Unknown} {
		if counts[s] > 0 {
			b.Tally = append(b.Tally, tally{markOfPath(s), counts[s]})
		}
	}
	v.Blocks = append(v.Blocks, b)
}

func newRowView(r *paths.Row) rowView {
	v := rowView{Label: visible(r.Label()), Where: r.Detail()}
	if r.Instance != "" && r.State != ports.Up {
		v.State = r.State.String()
	}
	return v
}

// newCellView makes a cell. What the watch knows goes before what the registry knows.
func newCellView(c *paths.Cell, row *paths.Row, portal initiator.Portal, index map[string]*watch.State, f *frame) cellView {
	v := cellView{mark: markOfPath(c.State), Tag: visible(c.IPsec), Link: portalLink(portal)}
	var state *watch.State
	if c.Entry != (initiator.Key{}) {
		v.Link = entryLink(c.Entry)
		state = index[entryID(c.Entry)]
	}
	if v.Tag == "" && state != nil && state.Last != nil && state.Last.Err == nil && state.Last.Proof != nil {
		v.Tag = "esp" // the registry does not know it
	}
	v.Label = visible(row.Label()) + " to " + portalText(portal) + ": " + v.Word
	switch c.State {
	case paths.OK, paths.Few:
		v.Text = fmt.Sprint(c.Targets)
		v.Label += ", " + plural(c.Targets, "target")
	case paths.Failed:
		v.Small = visible(c.Last.Stage)
		v.Title = visible(c.Last.Message)
		if state != nil && state.Last != nil && state.Last.Err != nil {
			v.Small, v.Title = failureWord(state.Last.Err), visible(state.Last.Err.Error())
		}
		v.Label += " at " + v.Small
		if state != nil && !state.FailingSince.IsZero() {
			v.Title += ", since " + stampOf(state.FailingSince, f.now).Text
		}
	default:
		v.Small = v.Word
	}
	if v.Tag != "" {
		v.Label += ", under IPsec (" + v.Tag + ")"
	}
	if v.Title == "" {
		v.Title = v.Label
	}
	return v
}

// indexOf finds states by their entries.
func indexOf(states []watch.State) map[string]*watch.State {
	index := make(map[string]*watch.State, len(states))
	for i := range states {
		index[entryID(states[i].Key)] = &states[i]
	}
	return index
}

// entryID is the same for keys of the same entry.
func entryID(k initiator.Key) string {
	return strings.Join([]string{ports.FoldInstance(k.Instance), k.Port.String(), k.Portal.Canonical(), fmt.Sprint(k.Portal.Port)}, "\x00")
}

// worstFirst orders states: those that fail, those with fewer targets, those not asked, the rest.
func worstFirst(states []watch.State) []watch.State {
	rank := map[watch.Status]int{watch.Down: 0, watch.Few: 1, watch.Unknown: 2, watch.Up: 3}
	sorted := slices.Clone(states)
	slices.SortStableFunc(sorted, func(a, b watch.State) int { return rank[a.Status] - rank[b.Status] })
	return sorted
}
