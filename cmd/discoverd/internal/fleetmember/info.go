package fleetmember

import (
	"context"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// The record in which the registry keeps its ID.
const (
	tool   = "discoverd"
	kind   = "fleet"
	idName = "id"
)

// readID reads the ID of the registry, or gives it one. Where the registry cannot be used
// the one of this process does: a restart then looks like another host of the same name,
// until the old lease ends.
func (m *Member) readID(ctx context.Context) {
	r, ok, err := m.cfg.Service.ToolRecord(ctx, tool, kind, idName)
	if id := r.Fields[idName]; err == nil && ok && id != "" {
		m.id = id
		return
	}
	if err == nil {
		err = m.cfg.Service.PutToolRecord(ctx, registry.ToolRecord{
			Tool: tool, Kind: kind, Name: idName, Fields: map[string]string{idName: m.id}, Version: registry.AnyVersion,
		})
	}
	if err != nil && ctx.Err() == nil {
		m.cfg.Say("warning: the registry cannot keep the ID of this host in the fleet: %v; after a restart it may have to wait until its old lease ends", err)
	}
}

// info is what the host says of itself.
func (m *Member) info() fleet.Info {
	name, err := m.cfg.Service.InitiatorNodeName(context.Background())
	if err != nil {
		name = m.cfg.InitiatorName
	}
	i := fleet.Info{
		ID: m.id, Version: m.cfg.Version, InitiatorName: name, Started: m.started.UTC(), Every: m.cfg.Every.Seconds(),
	}
	selector, err := m.cfg.Service.Selector(context.Background(), false)
	if err != nil {
		return i // without its ports: the registry is read again in the next interval
	}
	for _, p := range selector.Ports {
		if len(i.Ports) == fleet.MaxPorts {
			break
		}
		i.Ports = append(i.Ports, fleet.Port{
			Instance: p.Instance, Number: p.Number.Uint32(), Address: p.Address.String(), Device: p.Interface, State: p.State.String(),
		})
	}
	return i
}
