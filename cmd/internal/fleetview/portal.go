package fleetview

import (
	"fmt"
	"time"

	"github.com/go-iscsi/discovery/cmd/internal/jsonitem"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/view"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
)

// A JSONFleetPortal is a portal, with the groups of paths that see the same.
type JSONFleetPortal struct {
	Portal  jsonitem.Text                 `json:"portal,omitempty"`
	ISNS    jsonitem.Text                 `json:"isns_server,omitempty"`
	Desired bool                          `json:"desired"` // config/ has it
	Hosts   int                           `json:"hosts"`
	Failing int                           `json:"failing"`
	Groups  jsonitem.List[JSONFleetGroup] `json:"groups"`
}

// A JSONFleetGroup is paths that see the same: the same answer, or the same failure.
type JSONFleetGroup struct {
	Up         bool                         `json:"up"`
	Hosts      int                          `json:"hosts"`
	Since      jsonitem.Time                `json:"since"`
	Targets    *int                         `json:"targets,omitempty"` // of a group that is up
	Incomplete bool                         `json:"incomplete,omitempty"`
	Answer     string                       `json:"answer,omitempty"` // SHA-256 of the list; absent: there is none
	Code       uint32                       `json:"code,omitempty"`
	CodeName   string                       `json:"code_name,omitempty"`
	Stage      jsonitem.Text                `json:"stage,omitempty"`
	Message    jsonitem.Text                `json:"message,omitempty"`
	Paths      jsonitem.List[JSONFleetPath] `json:"paths"`
}

// A JSONFleetPath is what one host sees from one initiator port.
type JSONFleetPath struct {
	Host          jsonitem.Text `json:"host"`
	Instance      jsonitem.Text `json:"instance"`
	InitiatorPort string        `json:"initiator_port"`
	Source        jsonitem.Text `json:"source,omitempty"`
	Since         jsonitem.Time `json:"since"`
	Fleet         bool          `json:"fleet"` // the host has the entry because config/ says so
}

// NewJSONFleetPortal describes a portal.
func NewJSONFleetPortal(p *view.Portal) JSONFleetPortal {
	j := JSONFleetPortal{Portal: jsonitem.Text(p.Portal.String()), Desired: p.Desired != nil, Hosts: p.Hosts, Failing: p.Failing}
	if p.ISNS {
		j.Portal, j.ISNS = "", j.Portal
	}
	for i := range p.Groups {
		j.Groups = append(j.Groups, newJSONFleetGroup(&p.Groups[i]))
	}
	return j
}

func newJSONFleetGroup(g *view.Group) JSONFleetGroup {
	j := JSONFleetGroup{Up: g.Up, Hosts: g.Hosts, Since: jsonitem.Time(g.Since), Incomplete: g.Incomplete}
	if g.Up {
		j.Targets = &g.Targets
		if !g.Answer.IsZero() {
			j.Answer = g.Answer.String()
		}
	} else {
		j.Code, j.CodeName, j.Stage, j.Message = g.Code, isdsc.Name(g.Code), jsonitem.Text(g.Stage), jsonitem.Text(g.Message)
	}
	for _, p := range g.Paths {
		j.Paths = append(j.Paths, JSONFleetPath{
			Host: jsonitem.Text(p.Host), Instance: jsonitem.Text(p.Entry.Instance), InitiatorPort: p.Entry.Port.String(),
			Source: jsonitem.Text(p.Source), Since: jsonitem.Time(p.Since), Fleet: p.Fleet,
		})
	}
	return j
}

// PortalHead are the columns of PortalRows.
func PortalHead() []string {
	return []string{"PORTAL", "HOSTS", "SEE", "SINCE", "WHICH"}
}

// PortalRows is a portal for people: a row for each group.
func PortalRows(p *view.Portal, now time.Time) (rows [][]string) {
	name := portalText(p.Portal, p.ISNS)
	if len(p.Groups) == 0 {
		return [][]string{{name, "0", "no host has it", "", ""}}
	}
	for i := range p.Groups {
		g := &p.Groups[i]
		rows = append(rows, []string{name, fmt.Sprintf("%d of %d", g.Hosts, p.Hosts), Sees(g), sinceText(g.Since, now), Names(HostsOf(g.Paths))})
	}
	return rows
}

// Sees says what the paths of a group see.
func Sees(g *view.Group) string {
	if !g.Up {
		s := "failed" + at(g.Stage)
		if reason := cutReason(g.Message, g.Paths[0].Entry.Portal.String()); reason != "" {
			s += ": " + reason
		}
		return s
	}
	s := plural(g.Targets, "target")
	if g.Incomplete {
		s += ", incomplete"
	}
	return s
}

// at names a stage.
func at(stage string) string {
	if stage == "" {
		return ""
	}
	return " at " + stage
}
