package fleetview

import (
	"fmt"
	"strings"

	"github.com/go-iscsi/discovery/cmd/internal/column"
	"github.com/go-iscsi/discovery/cmd/internal/jsonitem"
	"github.com/go-iscsi/discovery/cmd/internal/render"
	"github.com/go-iscsi/discovery/cmd/internal/terminal"
	"github.com/go-iscsi/discovery/cmd/internal/wording"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

// A JSONFinding is what became of a portal of a shared scan. Its fields are those of a result
// of discover scan, as far as a host tells them, and who asked.
type JSONFinding struct {
	Portal      jsonitem.Text      `json:"portal"`
	Host        jsonitem.Text      `json:"host"`
	Source      jsonitem.Text      `json:"source"`
	Status      string             `json:"status"`
	Code        uint32             `json:"code"`
	CodeName    string             `json:"code_name"`
	Outcome     jsonitem.Text      `json:"outcome"`
	Error       *JSONFindingError  `json:"error,omitempty"`
	Targets     *[]JSONFoundTarget `json:"targets,omitempty"` // nil: they have lines of their own
	Complete    bool               `json:"complete"`          // nothing is missing from the targets
	IPsec       JSONFindingIPsec   `json:"ipsec"`
	TargetCount int                `json:"targets_found"`
}

// A JSONFindingError is why a portal did not answer.
type JSONFindingError struct {
	Stage   jsonitem.Text `json:"stage"`
	Message jsonitem.Text `json:"message"`
}

// A JSONFindingIPsec is how a portal was asked.
type JSONFindingIPsec struct {
	Plan jsonitem.Text `json:"plan"`
}

// A JSONFoundTarget is a target behind a portal.
type JSONFoundTarget struct {
	Name      jsonitem.Text                    `json:"name"`
	Alias     jsonitem.Text                    `json:"alias"`
	Addresses jsonitem.List[JSONTargetAddress] `json:"addresses"`
}

// A JSONTargetAddress is one of its addresses.
type JSONTargetAddress struct {
	Address jsonitem.Text `json:"address"`
	Port    int           `json:"port"`
	Group   *int          `json:"group"` // nil: it is not known
}

// NewJSONFinding describes what a host found, without the targets.
func NewJSONFinding(host string, f *fleet.Finding) JSONFinding {
	j := JSONFinding{
		Portal: jsonitem.Text(f.Portal.String()), Host: jsonitem.Text(host), Source: jsonitem.Text(f.Source), Status: "ok", Code: f.Code,
		CodeName: isdsc.Name(f.Code), Outcome: jsonitem.Text(f.Outcome), Complete: f.Up && !f.Omitted,
		IPsec: JSONFindingIPsec{jsonitem.Text(f.IPsec)}, TargetCount: f.Count,
	}
	if !f.Up {
		j.Status, j.Error = "error", &JSONFindingError{jsonitem.Text(f.Stage), jsonitem.Text(f.Message)}
	}
	return j
}

// WithTargets adds the targets of a finding.
func (j JSONFinding) WithTargets(f *fleet.Finding) JSONFinding {
	all := make([]JSONFoundTarget, len(f.Targets))
	for i := range f.Targets {
		all[i] = NewJSONFoundTarget(&f.Targets[i])
	}
	j.Targets = &all
	return j
}

// NewJSONFoundTarget describes a target.
func NewJSONFoundTarget(t *target.Target) JSONFoundTarget {
	j := JSONFoundTarget{Name: jsonitem.Text(t.Name), Alias: jsonitem.Text(t.Alias)}
	for i := range t.Addresses {
		a := JSONTargetAddress{Address: jsonitem.Text(t.Addresses[i].Host), Port: int(t.Addresses[i].Port)}
		if t.Addresses[i].Group != target.NoGroup {
			a.Group = &t.Addresses[i].Group
		}
		j.Addresses = append(j.Addresses, a)
	}
	return j
}

// FindingText is a portal that answered, and its targets, for people: lines with their ends.
func FindingText(host string, f *fleet.Finding) string {
	var b strings.Builder
	what := "no targets"
	if f.Count > 0 {
		what = wording.Plural(f.Count, "target", "targets")
	}
	if f.Omitted {
		what += ", a list too large to be told"
	}
	if f.IPsec != "" && f.IPsec != "none" {
		what += ", IPsec " + terminal.Escape(f.IPsec)
	}
	fmt.Fprintf(&b, "%s: %s (asked by %s)\n", f.Portal, what, terminal.Escape(host))
	width := 0
	for i := range f.Targets {
		width = max(width, column.Width(terminal.Escape(f.Targets[i].Name)))
	}
	for i := range f.Targets {
		t := &f.Targets[i]
		name, alias := terminal.Escape(t.Name), ""
		if t.Alias != "" {
			alias = "  " + render.QuoteForPeople(t.Alias)
		}
		if len(t.Addresses) == 0 {
			fmt.Fprintf(&b, "  %s%s\n", name, alias)
		}
		for _, a := range t.Addresses {
			fmt.Fprintf(&b, "  %s%s  %s%s\n", name, strings.Repeat(" ", max(0, width-column.Width(name))), render.AddressText(a), alias)
			name, alias = "", ""
		}
	}
	return b.String()
}
