package jsonitem

import (
	"fmt"

	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
)

// protection is a plan, and what came of it.
type protection struct {
	Plan     string `json:"plan"`
	Origin   string `json:"origin"`
	Existing Text   `json:"existing"`

	// Where there is IPsec, or something asked for it or against it:
	Mode     string `json:"mode,omitempty"`
	Exchange string `json:"exchange,omitempty"`
	IKE      uint8  `json:"ike,omitempty"` // the version, where it was given
	PFS      *bool  `json:"pfs,omitempty"`
	Flags    string `json:"flags,omitempty"` // that decided
	Why      Text   `json:"why,omitempty"`
	Proof    *proof `json:"proof,omitempty"`
}

func newProtection(p *ipsec.Plan, ike ipsec.IKEVersion, proof *enforce.Proof) protection {
	j := protection{Plan: p.String(), Origin: p.Origin.String(), Existing: Text(p.Existing.String())}
	switch {
	case p.Why == "": // it did not come to a plan, so nothing is said of what exists
		j.Existing = ""
	case p.IPsec || p.Origin != ipsec.OriginDefault || p.Flags != 0 || p.Existing.Kind == ipsec.ExistingPartial:
		j.explain(p)
	}
	j.negotiates(p, ike)
	if proof != nil {
		j.Proof = newProof(proof)
	}
	return j
}

// explain adds what a plan that is not the usual one has to say.
func (j *protection) explain(p *ipsec.Plan) {
	j.Why, j.Mode, j.Exchange, j.Flags = Text(p.Why), p.Mode.String(), p.Exchange.String(), p.Flags.Hex()
	if p.IPsec && (p.PFS || !p.InPlace()) { // of protection in place, that it is off is not known
		j.PFS = &p.PFS
	}
}

// negotiates adds the version of IKE that was asked for, where keys are negotiated. Version
// 2 has no modes.
func (j *protection) negotiates(p *ipsec.Plan, ike ipsec.IKEVersion) {
	if !p.IPsec || p.InPlace() {
		return
	}
	if j.IKE = uint8(ike); ike == ipsec.IKEv2 {
		j.Exchange = ""
	}
}

// proof is what an enforcer has seen of the protection of a connection.
type proof struct {
	Enforcer   Text         `json:"enforcer"`
	Mode       Text         `json:"mode"`
	Exchange   Text         `json:"exchange"`
	Algorithms List[string] `json:"algorithms"`
	SPIs       List[string] `json:"spis"`
	BytesOut   uint64       `json:"bytes_out"`
	BytesIn    uint64       `json:"bytes_in"`
}

func newProof(p *enforce.Proof) *proof {
	j := &proof{
		Enforcer: Text(p.Enforcer), Mode: Text(p.Mode), Exchange: Text(p.Exchange),
		Algorithms: p.Algorithms, BytesOut: p.BytesOut, BytesIn: p.BytesIn,
	}
	for _, spi := range p.SPIs {
		j.SPIs = append(j.SPIs, SPIText(spi))
	}
	return j
}

// SPIText writes a security parameter index as other tools do.
func SPIText(spi uint32) string { return fmt.Sprintf("0x%08x", spi) }
