package fleetview

import (
	"github.com/go-iscsi/discovery/cmd/internal/jsonitem"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/view"
)

// maxScanHosts is how many hosts of a shared scan are named.
const maxScanHosts = 100

// A JSONFleetScan is a shared scan that runs.
type JSONFleetScan struct {
	Job          jsonitem.Text                `json:"job"`
	Asker        jsonitem.Text                `json:"asker"`
	Started      jsonitem.Time                `json:"started"`
	Portals      int                          `json:"portals"`
	Shards       int                          `json:"shards"`
	Read         int                          `json:"shards_read"`
	Asking       int                          `json:"shards_under_way"`
	HostCount    int                          `json:"hosts"`
	Hosts        jsonitem.List[jsonitem.Text] `json:"host_names"` // that were given a shard, at most 100
	RefusedCount int                          `json:"refused"`
	Refused      jsonitem.List[jsonitem.Text] `json:"refused_hosts"` // that were taken out, at most 100
}

// NewJSONFleetScan describes a shared scan.
func NewJSONFleetScan(s *view.Scan) JSONFleetScan {
	return JSONFleetScan{
		Job: jsonitem.Text(s.ID), Asker: jsonitem.Text(s.Asker), Started: jsonitem.Time(s.Started), Portals: s.Portals,
		Shards: s.Shards, Read: s.Read, Asking: s.Asking, HostCount: len(s.Hosts), Hosts: namesOf(s.Hosts),
		RefusedCount: len(s.Refused), Refused: namesOf(s.Refused),
	}
}

func namesOf(all []string) (list jsonitem.List[jsonitem.Text]) {
	for _, s := range all[:min(len(all), maxScanHosts)] {
		list = append(list, jsonitem.Text(s))
	}
	return list
}
