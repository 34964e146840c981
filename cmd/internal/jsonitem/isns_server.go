package jsonitem

import (
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// isnsServer is an iSNS server of the registry.
type isnsServer struct {
	Server        Text       `json:"server"`
	Instance      Text       `json:"instance"`
	InitiatorPort Text       `json:"initiator_port"`
	Register      bool       `json:"register"`
	Added         Time       `json:"added"`
	LastResult    *LastState `json:"last_result"`
}

// NewISNSServer returns an iSNS server of the registry as JSON.
func NewISNSServer(v *registry.StoredISNSServer) *isnsServer {
	return &isnsServer{
		Server: Text(v.Address.String()), Instance: Text(v.Instance), InitiatorPort: Text(v.Port.String()),
		Register: v.Register, Added: Time(v.Added), LastResult: NewLastState(&v.Last),
	}
}

// OfISNSServer has a result without a portal be that of an iSNS server, which failed at a
// stage.
func (j *Result) OfISNSServer(server initiator.Portal, stage string) {
	if j.ISNSServer = Text(server.String()); j.Error != nil && stage != "" {
		j.Error.Stage = stage
	}
}
