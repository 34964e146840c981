package render

import (
	"github.com/go-iscsi/discovery/cmd/internal/machine"
	"github.com/go-iscsi/discovery/pkg/initiator"
)

// jsonExplanation says under which IPsec a portal would be asked. Its fields are
// those of a result, as far as these are known beforehand.
type jsonExplanation struct {
	Portal            JSONText `json:"portal"`
	Address           JSONText `json:"address"`
	Instance          JSONText `json:"instance"`
	InitiatorPort     JSONText `json:"initiator_port"`
	InstanceUsed      JSONText `json:"instance_used,omitempty"`
	InitiatorPortUsed JSONText `json:"initiator_port_used"`
	Source            JSONText `json:"source"`
	Interface         JSONText `json:"interface"`
	Stored            bool     `json:"stored"` // it is explained as it is in the registry
	Status            string   `json:"status"`
	Code              uint32   `json:"code"`
	CodeName          string   `json:"code_name"`

	Error    *jsonError    `json:"error,omitempty"`
	Warnings []JSONWarning `json:"warnings"`
	IPsec    jsonIPsec     `json:"ipsec"`

	ExistingKind   string     `json:"existing_kind"`
	ExistingReason JSONText   `json:"existing_reason,omitempty"` // why it is unknown
	Enforcer       JSONText   `json:"enforcer"`
	NotEnforcer    JSONText   `json:"not_enforcer,omitempty"` // the one that would come before it, and why it does not
	Key            string     `json:"key"`                    // "set"; empty: none is needed, or there
	Outer          string     `json:"outer"`
	Ignored        []JSONText `json:"ignored,omitempty"` // rules for portal groups and bitmaps of iSNS servers that would give less
}

// NewJSONExplanation returns an explanation as JSON. whyNot is as for ExplanationText, and listed says that the registry has the
// portal.
func NewJSONExplanation(e *initiator.Explanation, whyNot string, listed bool) *jsonExplanation {
	// A result knows how to say most of it.
	r := NewJSONResult(&initiator.Result{Asked: e.Portal, Address: e.Address, Source: e.Port.Address, InitiatorPort: e.Port, IPsec: e.Plan, Err: e.Err}, &machine.InterfaceNames{List: NoInterfaces})
	j := &jsonExplanation{
		Portal: r.Portal, Address: r.Address, Instance: r.Instance, InitiatorPort: r.InitiatorPort,
		InstanceUsed: r.InstanceUsed, InitiatorPortUsed: r.InitiatorPortUsed, Source: r.Source, Interface: r.Interface,
		Stored: listed, Status: r.Status, Code: r.Code, CodeName: r.CodeName,
		Error: r.Error, Warnings: r.Warnings, IPsec: r.IPsec,
		ExistingKind: e.Plan.Existing.Kind.String(), Enforcer: JSONText(e.Enforcer), NotEnforcer: JSONText(whyNot),
	}
	for _, w := range e.Plan.Warnings {
		j.Warnings = append(j.Warnings, JSONWarning{initiator.WarningCode(w.Code), JSONText(w.Message)})
	}
	if e.Plan.Why == "" {
		j.ExistingKind = string(j.IPsec.Existing) // it did not come to a plan
	} else {
		j.IPsec.explain(&e.Plan)
		j.IPsec.negotiates(&e.Plan, e.Portal.IPsec.IKE)
	}
	if e.Plan.Why == "" || e.Plan.Existing.Kind.String() == string(j.IPsec.Existing) {
		j.ExistingReason = JSONText(e.Plan.Existing.Name)
	}
	for _, line := range e.Ignored {
		j.Ignored = append(j.Ignored, JSONText(line))
	}
	if e.Key {
		j.Key = "set"
	}
	if e.Outer.IsValid() {
		j.Outer = e.Outer.String()
	}
	return j
}

// NoInterfaces lists no network interfaces, where the name of none is to be found.
func NoInterfaces() ([]machine.NetInterface, error) { return nil, nil }
