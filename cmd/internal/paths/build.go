package paths

import (
	"net/netip"
	"slices"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// A builder makes a Matrix.
type builder struct {
	known   *Known
	rows    []Row
	rowAt   map[rowKey]int
	columns []Column
	colAt   map[place]int
	entries []builtEntry
	byKey   map[entryKey]int // index in entries
	arrays  arraySet
	targets int
}

// A rowKey says which row is meant: a port by its number, or an address without one.
type rowKey struct {
	instance string
	number   ports.Number
	address  netip.Addr
}

// A builtEntry is an entry of the registry with what is known of it.
type builtEntry struct {
	key         initiator.Key
	last        Attempt
	row, column int
	targets     int // that are not missing
}

// Matrix returns what is known of all paths.
func (k *Known) Matrix() *Matrix {
	b := k.builder()
	b.arrays.grow(len(b.columns))
	for t := range k.each() {
		b.addTarget(t)
	}
	m := &Matrix{Rows: b.rows, Columns: b.columns, Targets: b.targets, Unread: k.Unread}
	b.fill(m)
	m.dropRows()
	b.arrays.arrange(m)
	return m
}

// builder returns a builder with the ports and entries that are known.
func (k *Known) builder() *builder {
	b := &builder{known: k, rowAt: make(map[rowKey]int), colAt: make(map[place]int), byKey: make(map[entryKey]int)}
	b.addPorts()
	for i := range k.Portals {
		b.addEntry(&k.Portals[i])
	}
	return b
}

// addPorts makes a row for each port.
func (b *builder) addPorts() {
	for _, p := range b.known.Ports {
		b.rowAt[rowKey{instance: ports.FoldInstance(p.Instance), number: p.Number}] = len(b.rows)
		b.rows = append(b.rows, Row{Instance: p.Instance, Number: p.Number, Address: p.Address, Interface: p.Interface, State: p.State})
	}
}

// addEntry takes an entry of the registry.
func (b *builder) addEntry(p *registry.StoredPortal) {
	key := p.Key()
	key.Portal.SymbolicName = ""
	at := placeOf(key.Portal)
	column, ok := b.colAt[at]
	if !ok {
		column = len(b.columns)
		b.colAt[at] = column
		b.columns = append(b.columns, Column{Portal: key.Portal})
	}
	b.byKey[keyOf(key)] = len(b.entries)
	b.entries = append(b.entries, builtEntry{key: key, last: newAttempt(&p.Last), row: b.rowOf(key, &p.Last), column: column})
}

// rowOf returns the row of an entry. One that leaves the port to routing is in the row of
// the source address that it was last asked from or, where that is not known, of the one
// that routing picks now; -1: it was not asked yet, and routing picks none.
func (b *builder) rowOf(key initiator.Key, last *registry.LastResult) int {
	want := rowKey{instance: ports.FoldInstance(key.Instance), number: key.Port}
	row := Row{Instance: key.Instance, Number: key.Port, State: ports.Gone}
	if key.Port == ports.All {
		addr := b.source(key, last)
		switch {
		case addr.IsValid():
			if i := b.rowWith(key.Instance, addr); i >= 0 {
				return i
			}
			want, row.Address = rowKey{instance: want.instance, address: addr}, addr
		case last.Time.IsZero():
			return -1
		default:
			row.State = ports.Up
		}
	}
	i, ok := b.rowAt[want]
	if !ok {
		i = len(b.rows)
		b.rowAt[want] = i
		b.rows = append(b.rows, row)
	}
	return i
}

// source returns the address that an entry is asked from; invalid: it is not known.
func (b *builder) source(key initiator.Key, last *registry.LastResult) netip.Addr {
	if addr, err := netip.ParseAddr(last.Source); err == nil {
		return addr
	}
	if dst := key.Portal.Literal(); dst.IsValid() && b.known.Route != nil {
		return b.known.Route(key.Instance, dst)
	}
	return netip.Addr{}
}

// rowWith returns the row of a port with an address; -1: there is none.
func (b *builder) rowWith(instance string, addr netip.Addr) int {
	return slices.IndexFunc(b.rows, func(r Row) bool {
		return r.Address == addr && (instance == "" || ports.SameInstance(r.Instance, instance))
	})
}

// addTarget counts a target where it is known.
func (b *builder) addTarget(t *registry.KnownTarget) {
	var at []int // columns
	for i := range t.Mechanisms {
		m := &t.Mechanisms[i]
		n, ok := b.byKey[keyOf(m.Portal)]
		if m.Static || !ok {
			continue
		}
		e := &b.entries[n]
		if m.MissingSince.IsZero() {
			e.targets++
		}
		if !slices.Contains(at, e.column) {
			at = append(at, e.column)
			b.columns[e.column].Known++
		}
	}
	if len(at) == 0 {
		return
	}
	b.targets++
	b.arrays.add(t, at, b.colAt)
}

// fill makes the cells.
func (b *builder) fill(m *Matrix) {
	m.Cells = make([][]Cell, len(m.Rows))
	for r := range m.Cells {
		m.Cells[r] = make([]Cell, len(m.Columns))
		for c := range m.Cells[r] {
			switch {
			case !m.Rows[r].Address.IsValid(): // there is a path only where an entry says so
			case b.known.noRoute(&m.Rows[r], m.Columns[c].Portal):
				m.Cells[r][c].State = NoRoute
			default:
				m.Cells[r][c].State = Unknown
			}
		}
	}
	for i := range b.entries {
		e := &b.entries[i]
		if e.row < 0 {
			continue // no path is known, and each is unknown already
		}
		cell := &m.Cells[e.row][e.column]
		if cell.Entry.Portal.Port != 0 && !e.last.Time.After(cell.Last.Time) {
			continue // another entry asked the same later
		}
		*cell = Cell{State: e.state(&m.Columns[e.column]), Targets: e.targets, Entry: e.key, Last: e.last}
	}
}

// state says how the path of an entry stands.
func (e *builtEntry) state(c *Column) State {
	switch {
	case e.last.Time.IsZero():
		return Unknown
	case e.last.Failed():
		return Failed
	case e.targets < c.Known:
		return Few
	}
	return OK
}

// dropRows leaves out ports that nothing is asked from and that reach no portal, and those
// of other instances than the host's that nothing is asked from.
func (m *Matrix) dropRows() {
	n := 0
	for r := range m.Rows {
		asked, reaches := false, false
		for i := range m.Cells[r] {
			c := &m.Cells[r][i]
			asked = asked || c.Entry.Portal.Port != 0
			reaches = reaches || c.State == Unknown && (m.Columns[i].Portal.Literal().IsValid() || !m.Rows[r].Address.IsLoopback())
		}
		if asked || reaches && ports.SameInstance(m.Rows[r].Instance, ports.Host) {
			m.Rows[n], m.Cells[n] = m.Rows[r], m.Cells[r]
			n++
		}
	}
	m.Rows, m.Cells = m.Rows[:n], m.Cells[:n]
}
