package render

import (
	"fmt"

	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
)

// jsonIPsec is a plan, and what came of it.
type jsonIPsec struct {
	Plan     string   `json:"plan"`
	Origin   string   `json:"origin"`
	Existing JSONText `json:"existing"`

	// Where there is IPsec, or something asked for it or against it:
	Mode     string     `json:"mode,omitempty"`
	Exchange string     `json:"exchange,omitempty"`
	IKE      uint8      `json:"ike,omitempty"` // the version, where it was given
	PFS      *bool      `json:"pfs,omitempty"`
	Flags    string     `json:"flags,omitempty"` // that decided
	Why      JSONText   `json:"why,omitempty"`
	Proof    *jsonProof `json:"proof,omitempty"`
}

func newJSONIPsec(p *ipsec.Plan, ike ipsec.IKEVersion, proof *enforce.Proof) jsonIPsec {
	j := jsonIPsec{Plan: p.String(), Origin: p.Origin.String(), Existing: JSONText(p.Existing.String())}
	switch {
	case p.Why == "": // it did not come to a plan, so nothing is said of what exists
		j.Existing = ""
	case p.IPsec || p.Origin != ipsec.OriginDefault || p.Flags != 0 || p.Existing.Kind == ipsec.ExistingPartial:
		j.explain(p)
	}
	j.negotiates(p, ike)
	if proof != nil {
		j.Proof = newJSONProof(proof)
	}
	return j
}

// explain adds what a plan that is not the usual one has to say.
func (j *jsonIPsec) explain(p *ipsec.Plan) {
	j.Why, j.Mode, j.Exchange, j.Flags = JSONText(p.Why), p.Mode.String(), p.Exchange.String(), p.Flags.Hex()
	if p.IPsec && (p.PFS || !p.InPlace()) { // of protection in place, that it is off is not known
		j.PFS = &p.PFS
	}
}

// negotiates adds the version of IKE that was asked for, where keys are negotiated. Version
// 2 has no modes.
func (j *jsonIPsec) negotiates(p *ipsec.Plan, ike ipsec.IKEVersion) {
	if !p.IPsec || p.InPlace() {
		return
	}
	if j.IKE = uint8(ike); ike == ipsec.IKEv2 {
		j.Exchange = ""
	}
}

// jsonProof is what an enforcer has seen of the protection of a connection.
type jsonProof struct {
	Enforcer   JSONText         `json:"enforcer"`
	Mode       JSONText         `json:"mode"`
	Exchange   JSONText         `json:"exchange"`
	Algorithms JSONList[string] `json:"algorithms"`
	SPIs       JSONList[string] `json:"spis"`
	BytesOut   uint64           `json:"bytes_out"`
	BytesIn    uint64           `json:"bytes_in"`
}

func newJSONProof(p *enforce.Proof) *jsonProof {
	j := &jsonProof{
		Enforcer: JSONText(p.Enforcer), Mode: JSONText(p.Mode), Exchange: JSONText(p.Exchange),
		Algorithms: p.Algorithms, BytesOut: p.BytesOut, BytesIn: p.BytesIn,
	}
	for _, spi := range p.SPIs {
		j.SPIs = append(j.SPIs, spiText(spi))
	}
	return j
}

// spiText writes a security parameter index as other tools do.
func spiText(spi uint32) string { return fmt.Sprintf("0x%08x", spi) }

// jsonIPsecSet has those of an entry's options for IPsec that were given.
type jsonIPsecSet struct {
	Key     string   `json:"key,omitempty"` // "set"
	KeyRef  JSONText `json:"key_ref,omitempty"`
	LocalID JSONText `json:"local_id,omitempty"`
	PeerID  JSONText `json:"peer_id,omitempty"`
	Offer   JSONText `json:"proposals,omitempty"`
	IKE     uint8    `json:"ike,omitempty"`
	Outer   string   `json:"outer,omitempty"`
	Unknown string   `json:"unknown,omitempty"`
}

func newJSONIPsecSet(p *registry.StoredPortal) *jsonIPsecSet {
	o := &p.IPsec
	j := jsonIPsecSet{KeyRef: JSONText(o.PSKRef), LocalID: JSONText(o.LocalID), PeerID: JSONText(o.PeerID), Offer: JSONText(o.Proposals), IKE: uint8(o.IKE)}
	if p.IPsecKeySet {
		j.Key = "set"
	}
	if o.Gateway.IsValid() {
		j.Outer = o.Gateway.String()
	}
	if o.RefuseUnknown {
		j.Unknown = UnknownRefuse
	}
	if j == (jsonIPsecSet{}) {
		return nil
	}
	return &j
}
