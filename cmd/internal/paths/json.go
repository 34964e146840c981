package paths

import (
	"github.com/go-iscsi/discovery/cmd/internal/jsonitem"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

// A JSONPath is one path as JSON.
type JSONPath struct {
	jsonEnd
	Portal   jsonitem.Text `json:"portal"`
	Array    jsonitem.Text `json:"array"`
	State    State         `json:"state"`
	Asked    bool          `json:"asked"` // an entry of the registry asks the portal from this port
	Targets  int           `json:"targets"`
	Known    int           `json:"targets_known"` // at the portal, from any port
	Code     uint32        `json:"code"`
	CodeName string        `json:"code_name"`
	Stage    string        `json:"stage,omitempty"`
	Message  jsonitem.Text `json:"message,omitempty"`
	Time     jsonitem.Time `json:"time"` // when it was asked last; null: never
	IPsec    jsonitem.Text `json:"ipsec,omitempty"`
}

// A jsonEnd is this end of a path as JSON.
type jsonEnd struct {
	Instance  jsonitem.Text `json:"instance"`
	Port      string        `json:"initiator_port"`
	Source    jsonitem.Text `json:"source"`
	Interface jsonitem.Text `json:"interface"`
	PortState string        `json:"port_state"`
}

func newJSONEnd(r *Row) jsonEnd {
	e := jsonEnd{Instance: jsonitem.Text(r.Instance), Port: r.Number.String(), Interface: jsonitem.Text(r.Interface), PortState: r.State.String()}
	if r.Address.IsValid() {
		e.Source = jsonitem.Text(r.Address.String())
	}
	return e
}

// JSON returns the path of a cell as JSON.
func (m *Matrix) JSON(row, col int) *JSONPath {
	cell, c := &m.Cells[row][col], &m.Columns[col]
	return &JSONPath{
		jsonEnd: newJSONEnd(&m.Rows[row]),
		Portal:  jsonitem.Text(c.Portal.String()), Array: jsonitem.Text(m.Arrays[c.Array].Name),
		State: cell.State, Asked: cell.Entry.Portal.Port != 0, Targets: cell.Targets, Known: c.Known,
		Code: cell.Last.Code, CodeName: cell.Last.codeName(), Stage: cell.Last.Stage,
		Message: jsonitem.Text(cell.Last.Message), Time: jsonitem.Time(cell.Last.Time), IPsec: jsonitem.Text(cell.IPsec),
	}
}

// A JSONLink is one path to a target as JSON.
type JSONLink struct {
	Target jsonitem.Text `json:"target"`
	jsonEnd
	Portal     jsonitem.Text `json:"portal"`
	Group      *int          `json:"group"` // null: there is none, or it is not known
	Seen       bool          `json:"seen"`
	Advertised bool          `json:"advertised"`
	Why        string        `json:"why,omitempty"`
}

// JSON returns the paths to the target as JSON; those to a portal that no port reaches
// have no port.
func (p *Picture) JSON() (all []*JSONLink) {
	add := func(to *Place) *JSONLink {
		j := &JSONLink{Target: jsonitem.Text(p.Name), Portal: jsonitem.Text(to.Portal.String()), Advertised: to.Advertised}
		if to.Group >= 0 && p.Groups[to.Group] != target.NoGroup {
			j.Group = &p.Groups[to.Group]
		}
		all = append(all, j)
		return j
	}
	linked := make([]bool, len(p.Portals))
	for _, l := range p.Links {
		linked[l.Portal] = true
		j := add(&p.Portals[l.Portal])
		j.jsonEnd, j.Seen, j.Why = newJSONEnd(&p.Ports[l.Port]), l.Seen, l.Why
	}
	for i := range p.Portals {
		if !linked[i] {
			add(&p.Portals[i]).Why = noPort
		}
	}
	return all
}

// noPort is why no path leads to a portal.
const noPort = "no port reaches it"
