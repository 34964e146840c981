package jsonitem

import "github.com/go-iscsi/discovery/pkg/initiator/ports"

// port is an initiator port.
type port struct {
	Instance  Text   `json:"instance"`
	Number    string `json:"number"`
	Address   Text   `json:"address"`
	Interface Text   `json:"interface"`
	State     string `json:"state"`

	Portal *Text `json:"portal,omitempty"`         // that it was looked for
	To     *Text `json:"portal_address,omitempty"` // of the portal
}

// NewPort returns an initiator port as JSON.
func NewPort(p *ports.Port) *port {
	return &port{
		Instance: Text(p.Instance), Number: p.Number.String(), Address: Text(p.Address.String()),
		Interface: Text(p.Interface), State: p.State.String(),
	}
}
