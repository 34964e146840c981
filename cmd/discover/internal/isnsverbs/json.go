package isnsverbs

import (
	"errors"

	"github.com/go-iscsi/discovery/cmd/internal/jsonitem"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/isns"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

// A JSONAnswer is what came of asking an iSNS server. The order of its fields is that of
// docs/reference/output.md.
type JSONAnswer struct {
	Server        jsonitem.Text `json:"server"`
	Address       jsonitem.Text `json:"address"` // that answered
	Instance      jsonitem.Text `json:"instance"`
	InitiatorPort jsonitem.Text `json:"initiator_port"`
	InitiatorName jsonitem.Text `json:"initiator_name"`
	Source        jsonitem.Text `json:"source"`
	Stored        bool          `json:"stored"`
	Status        string        `json:"status"`
	Code          uint32        `json:"code"`
	CodeName      string        `json:"code_name"`

	Error        *jsonISNSError                  `json:"error,omitempty"`
	Targets      *jsonitem.List[jsonNode]        `json:"targets,omitempty"` // nil: they have lines of their own
	TargetsFound int                             `json:"targets_found"`
	DomainsTold  bool                            `json:"domains_told"` // the server told the discovery domains
	Complete     bool                            `json:"complete"`
	Warnings     jsonitem.List[jsonitem.Warning] `json:"warnings"`
}

// jsonISNSError is why a server gave no answer, or none that is complete.
type jsonISNSError struct {
	Stage     string        `json:"stage"` // validate, resolve, connect, register, query or store
	Message   jsonitem.Text `json:"message"`
	Retryable bool          `json:"retryable"`
}

// jsonNode is a target as an iSNS server names it.
type jsonNode struct {
	Name    jsonitem.Text                 `json:"name"`
	Alias   jsonitem.Text                 `json:"alias"`
	Portals jsonitem.List[jsonISNSPortal] `json:"portals"`
	Domains jsonitem.List[jsonDomain]     `json:"domains"`
}

// jsonISNSPortal is a portal of a target.
type jsonISNSPortal struct {
	Address  jsonitem.Text   `json:"address"`
	Port     int             `json:"port"`
	Group    *int            `json:"group"`
	Name     jsonitem.Text   `json:"name"`
	Security *jsonitem.Flags `json:"security"` // null: the server said nothing of it
	Usable   *bool           `json:"usable,omitempty"`
	Why      string          `json:"why,omitempty"`
}

// jsonDomain is a discovery domain of a target.
type jsonDomain struct {
	ID   uint32        `json:"id"`
	Name jsonitem.Text `json:"name"`
}

// NewJSONAnswer returns a result as JSON, with its targets or without.
func NewJSONAnswer(r *registry.ISNSResult, targets bool) *JSONAnswer {
	j := &JSONAnswer{
		Server: jsonitem.Text(r.Server.Address.String()), Instance: jsonitem.Text(r.Server.Instance),
		InitiatorPort: jsonitem.Text(r.Server.Port.String()), InitiatorName: jsonitem.Text(r.InitiatorName),
		Stored: r.Stored, Status: "ok", Code: initiator.Code(r.Err), Error: newJSONError(r.Err),
	}
	if j.CodeName = isdsc.Name(j.Code); r.Err != nil {
		j.Status = "error"
	}
	if r.Server.Address.Address == "" {
		j.Server = "" // it is not about one
	}
	var nodes jsonitem.List[jsonNode]
	if a := r.Answer; a != nil {
		j.Address, j.DomainsTold, j.Complete, j.TargetsFound = jsonitem.Text(a.Server.String()), a.Domains, a.Complete && r.Err == nil, len(a.Nodes)
		if a.Source.IsValid() {
			j.Source = jsonitem.Text(a.Source.Addr().String())
		}
		for _, w := range a.Warnings {
			j.Warnings = append(j.Warnings, jsonitem.Warning{Code: initiator.WarningCode(w.Code), Message: jsonitem.Text(w.Message)})
		}
		for i := range a.Nodes {
			if targets {
				nodes = append(nodes, newJSONNode(&a.Nodes[i], a))
			}
		}
	}
	if targets {
		j.Targets = &nodes
	}
	return j
}

func newJSONError(err error) *jsonISNSError {
	if err == nil {
		return nil
	}
	return &jsonISNSError{Stage: StageOf(err), Message: jsonitem.Text(err.Error()), Retryable: initiator.Retryable(err)}
}

// StageOf returns the stage at which asking a server failed, as one word.
func StageOf(err error) string {
	var (
		of    *initiator.Error
		asked *isns.Error
	)
	switch {
	case errors.As(err, &asked):
		return asked.Stage.Word()
	case errors.As(err, &of):
		return of.Stage.String()
	}
	return initiator.StageValidate.String()
}

func newJSONNode(n *isns.Node, a *isns.Answer) jsonNode {
	j := jsonNode{Name: jsonitem.Text(n.Name), Alias: jsonitem.Text(n.Alias)}
	for i := range n.Portals {
		p := &n.Portals[i]
		seen := p.Seen(a.Server.Addr())
		portal := jsonISNSPortal{Address: jsonitem.Text(seen.Host), Port: int(seen.Port), Name: jsonitem.Text(p.Name)}
		if seen.Group != target.NoGroup {
			portal.Group = &seen.Group
		}
		if p.Security != 0 {
			security := jsonitem.NewFlags(p.Security)
			portal.Security = &security
		}
		if seen.Unusable != target.Usable {
			portal.Usable, portal.Why = new(bool), seen.Unusable.String()
		}
		j.Portals = append(j.Portals, portal)
	}
	for _, d := range n.Domains {
		j.Domains = append(j.Domains, jsonDomain{d.ID, jsonitem.Text(d.Name)})
	}
	return j
}
