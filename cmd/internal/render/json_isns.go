package render

import (
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// jsonISNSServer is an iSNS server of the registry.
type jsonISNSServer struct {
	Server        JSONText       `json:"server"`
	Instance      JSONText       `json:"instance"`
	InitiatorPort JSONText       `json:"initiator_port"`
	Register      bool           `json:"register"`
	Added         JSONTime       `json:"added"`
	LastResult    *JSONLastState `json:"last_result"`
}

// NewJSONISNSServer returns an iSNS server of the registry as JSON.
func NewJSONISNSServer(v *registry.StoredISNSServer) *jsonISNSServer {
	return &jsonISNSServer{
		Server: JSONText(v.Address.String()), Instance: JSONText(v.Instance), InitiatorPort: JSONText(v.Port.String()),
		Register: v.Register, Added: JSONTime(v.Added), LastResult: NewJSONLastState(&v.Last),
	}
}

// OfISNSServer has a result without a portal be that of an iSNS server, which failed at a
// stage.
func (j *JSONResult) OfISNSServer(server initiator.Portal, stage string) {
	if j.ISNSServer = JSONText(server.String()); j.Error != nil && stage != "" {
		j.Error.Stage = stage
	}
}
