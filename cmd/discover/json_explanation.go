package main

import (
	"github.com/go-iscsi/discovery/cmd/discover/internal/machine"
	"github.com/go-iscsi/discovery/pkg/initiator"
)

// jsonExplanation says under which IPsec a portal would be asked. Its fields are
// those of a result, as far as these are known beforehand.
type jsonExplanation struct {
	Portal            jsonText `json:"portal"`
	Address           jsonText `json:"address"`
	Instance          jsonText `json:"instance"`
	InitiatorPort     jsonText `json:"initiator_port"`
	InstanceUsed      jsonText `json:"instance_used,omitempty"`
	InitiatorPortUsed jsonText `json:"initiator_port_used"`
	Source            jsonText `json:"source"`
	Interface         jsonText `json:"interface"`
	Stored            bool     `json:"stored"` // it is explained as it is in the registry
	Status            string   `json:"status"`
	Code              uint32   `json:"code"`
	CodeName          string   `json:"code_name"`

	Error    *jsonError    `json:"error,omitempty"`
	Warnings []jsonWarning `json:"warnings"`
	IPsec    jsonIPsec     `json:"ipsec"`

	ExistingKind   string   `json:"existing_kind"`
	ExistingReason jsonText `json:"existing_reason,omitempty"` // why it is unknown
	Enforcer       jsonText `json:"enforcer"`
	Key            string   `json:"key"` // "set"; empty: none is needed, or there
	Outer          string   `json:"outer"`
}

func newJSONExplanation(e *initiator.Explanation, listed bool) *jsonExplanation {
	// A result knows how to say most of it.
	r := newJSONResult(&initiator.Result{Portal: e.Portal, Address: e.Address, Source: e.Port.Address, Port: e.Port, IPsec: e.Plan, Err: e.Err}, &machine.InterfaceNames{List: noInterfaces})
	j := &jsonExplanation{
		Portal: r.Portal, Address: r.Address, Instance: r.Instance, InitiatorPort: r.InitiatorPort,
		InstanceUsed: r.InstanceUsed, InitiatorPortUsed: r.InitiatorPortUsed, Source: r.Source, Interface: r.Interface,
		Stored: listed, Status: r.Status, Code: r.Code, CodeName: r.CodeName,
		Error: r.Error, Warnings: r.Warnings, IPsec: r.IPsec,
		ExistingKind: e.Plan.Existing.Kind.String(), Enforcer: jsonText(e.Enforcer),
	}
	for _, w := range e.Plan.Warnings {
		j.Warnings = append(j.Warnings, jsonWarning{initiator.WarningCode(w.Code), jsonText(w.Message)})
	}
	if e.Plan.Why == "" {
		j.ExistingKind = string(j.IPsec.Existing) // it did not come to a plan
	} else {
		j.IPsec.explain(&e.Plan)
	}
	if e.Plan.Existing.Kind.String() == string(j.IPsec.Existing) {
		j.ExistingReason = jsonText(e.Plan.Existing.Name)
	}
	if e.Key {
		j.Key = "set"
	}
	if e.Outer.IsValid() {
		j.Outer = e.Outer.String()
	}
	return j
}

func noInterfaces() ([]machine.NetInterface, error) { return nil, nil }
