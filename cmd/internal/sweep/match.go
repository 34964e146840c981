package sweep

import (
	"net/netip"

	"github.com/go-iscsi/discovery/pkg/initiator"
)

// A Match tells which of the portals that a verb knows its arguments name. Arguments that
// were understood with the default port 0 name a portal at every TCP port.
type Match struct {
	single map[initiator.Portal]int // canonical, to its entry
	of     []entry
	met    []bool // for each entry, whether a portal was found that it names
}

// Match returns the Match of all arguments. Without arguments no portal is among them.
func (p *Portals) Match() *Match {
	m := &Match{single: make(map[initiator.Portal]int), of: p.entries, met: make([]bool, len(p.entries))}
	for i, e := range p.entries {
		if e.block != nil {
			continue
		}
		key := canonical(e.portal)
		if _, twice := m.single[key]; !twice {
			m.single[key] = i
		}
	}
	return m
}

// canonical returns a portal in the form in which two of the same address are equal.
func canonical(p initiator.Portal) initiator.Portal {
	return initiator.Portal{Address: p.Canonical(), Port: p.Port}
}

// Has reports whether an argument names a portal, and notes which ones do.
func (m *Match) Has(p initiator.Portal) bool {
	found := false
	note := func(i int) { m.met[i], found = true, true }
	exact := canonical(p)
	for _, port := range []uint16{p.Port, 0} {
		exact.Port = port
		if i, ok := m.single[exact]; ok {
			note(i)
		}
	}
	for i, e := range m.of {
		if e.block != nil && e.block.has(p) {
			note(i)
		}
	}
	return found
}

// Unmet returns the arguments that named none of the portals that Has was asked about:
// single portals, and the texts of blocks.
func (m *Match) Unmet() (portals []initiator.Portal, blocks []string) {
	for i, e := range m.of {
		switch {
		case e.block != nil && !m.met[i]:
			blocks = append(blocks, e.block.Text)
		case e.block == nil && !m.met[i] && m.single[canonical(e.portal)] == i:
			portals = append(portals, e.portal)
		}
	}
	return portals, blocks
}

// has reports whether a portal is in the block.
func (b *Block) has(p initiator.Portal) bool {
	addr, err := netip.ParseAddr(p.Host())
	if err != nil || b.port != 0 && b.port != p.Port {
		return false
	}
	addr = addr.Unmap()
	return addr.Zone() == "" && addr.Is4() == b.First.Is4() && !addr.Less(b.First) && distance64(b.First, addr) < uint64(b.Count)
}
