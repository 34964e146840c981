package jsonitem

import (
	"github.com/go-iscsi/discovery/cmd/internal/machine"
	"github.com/go-iscsi/discovery/pkg/initiator"
)

// explanation says under which IPsec a portal would be asked. Its fields are
// those of a result, as far as these are known beforehand.
type explanation struct {
	Portal            Text   `json:"portal"`
	Address           Text   `json:"address"`
	Instance          Text   `json:"instance"`
	InitiatorPort     Text   `json:"initiator_port"`
	InstanceUsed      Text   `json:"instance_used,omitempty"`
	InitiatorPortUsed Text   `json:"initiator_port_used"`
	Source            Text   `json:"source"`
	Interface         Text   `json:"interface"`
	Stored            bool   `json:"stored"` // it is explained as it is in the registry
	Status            string `json:"status"`
	Code              uint32 `json:"code"`
	CodeName          string `json:"code_name"`

	Error    *resultError `json:"error,omitempty"`
	Warnings []Warning    `json:"warnings"`
	IPsec    protection   `json:"ipsec"`

	ExistingKind   string `json:"existing_kind"`
	ExistingReason Text   `json:"existing_reason,omitempty"` // why it is unknown
	Enforcer       Text   `json:"enforcer"`
	NotEnforcer    Text   `json:"not_enforcer,omitempty"` // the one that would come before it, and why it does not
	Key            string `json:"key"`                    // "set"; empty: none is needed, or there
	Outer          string `json:"outer"`
	Ignored        []Text `json:"ignored,omitempty"` // rules for portal groups and bitmaps of iSNS servers that would give less
}

// NewExplanation returns an explanation as JSON. whyNot is as for ExplanationText, and listed says that the registry has the
// portal.
func NewExplanation(e *initiator.Explanation, whyNot string, listed bool) *explanation {
	// A result knows how to say most of it.
	r := NewResult(&initiator.Result{Asked: e.Portal, Address: e.Address, Source: e.Port.Address, InitiatorPort: e.Port, IPsec: e.Plan, Err: e.Err}, &machine.InterfaceNames{List: machine.NoInterfaces})
	j := &explanation{
		Portal: r.Portal, Address: r.Address, Instance: r.Instance, InitiatorPort: r.InitiatorPort,
		InstanceUsed: r.InstanceUsed, InitiatorPortUsed: r.InitiatorPortUsed, Source: r.Source, Interface: r.Interface,
		Stored: listed, Status: r.Status, Code: r.Code, CodeName: r.CodeName,
		Error: r.Error, Warnings: r.Warnings, IPsec: r.IPsec,
		ExistingKind: e.Plan.Existing.Kind.String(), Enforcer: Text(e.Enforcer), NotEnforcer: Text(whyNot),
	}
	for _, w := range e.Plan.Warnings {
		j.Warnings = append(j.Warnings, Warning{initiator.WarningCode(w.Code), Text(w.Message)})
	}
	if e.Plan.Why == "" {
		j.ExistingKind = string(j.IPsec.Existing) // it did not come to a plan
	} else {
		j.IPsec.explain(&e.Plan)
		j.IPsec.negotiates(&e.Plan, e.Portal.IPsec.IKE)
	}
	if e.Plan.Why == "" || e.Plan.Existing.Kind.String() == string(j.IPsec.Existing) {
		j.ExistingReason = Text(e.Plan.Existing.Name)
	}
	for _, line := range e.Ignored {
		j.Ignored = append(j.Ignored, Text(line))
	}
	if e.Key {
		j.Key = "set"
	}
	if e.Outer.IsValid() {
		j.Outer = e.Outer.String()
	}
	return j
}
