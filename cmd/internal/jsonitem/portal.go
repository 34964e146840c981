package jsonitem

import (
	"net/netip"

	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// portal is an entry of the registry.
type portal struct {
	Portal        Text          `json:"portal"`
	Instance      Text          `json:"instance"`
	InitiatorPort Text          `json:"initiator_port"`
	SymbolicName  Text          `json:"symbolic_name"`
	SecurityFlags string        `json:"security_flags"`
	LoginOptions  loginOptions  `json:"login_options"`
	IPsecOptions  *ipsecOptions `json:"ipsec_options,omitempty"` // nil: there are none
	Added         Time          `json:"added"`
	LastResult    *LastState    `json:"last_result"`
}

// NewPortal returns an entry of the registry as JSON, without its secrets.
func NewPortal(p *registry.StoredPortal) *portal {
	j := &portal{
		Portal:        Text(p.Portal.String()),
		Instance:      Text(p.Instance),
		InitiatorPort: Text(p.Port.String()),
		SymbolicName:  Text(p.Portal.SymbolicName),
		SecurityFlags: p.Security.Hex(),
		LoginOptions:  NewLoginOptions(p),
		IPsecOptions:  newIPsecOptions(p),
		Added:         Time(p.Added),
	}
	j.LastResult = NewLastState(&p.Last)
	return j
}

// A PortalDetail is an entry of the registry with all that is known of it.
type PortalDetail struct {
	*portal
	IPsec   string        `json:"ipsec,omitempty"`                  // the security flags in words
	Address Text          `json:"initiator_port_address,omitempty"` // empty: it has no port number, or no address has that
	Targets List[*Target] `json:"targets"`                          // by this entry alone
}

// NewPortalDetail returns it, for the port at an address (invalid: none).
func NewPortalDetail(p *registry.StoredPortal, port netip.Addr, targets []*Target) *PortalDetail {
	j := &PortalDetail{portal: NewPortal(p), Targets: targets}
	if port.IsValid() {
		j.Address = Text(port.String())
	}
	if p.Security != 0 {
		j.IPsec = p.Security.String()
	}
	return j
}

// A PortalChange is an entry of the registry as a change would leave it.
type PortalChange struct {
	*portal
	Before *portal `json:"before"`
}

// NewPortalChange returns it.
func NewPortalChange(before, after *registry.StoredPortal) *PortalChange {
	return &PortalChange{NewPortal(after), NewPortal(before)}
}
