package metrics

import "time"

// A Fleet is how the daemon stands in its fleet.
type Fleet struct {
	Connected bool
	Since     time.Time // of being connected or not
	Published int       // paths in etcd
	Waiting   int       // changes that are not written yet
	Leading   bool
	Copied    int   // answers that all can read; of a leader
	Lacking   int   // answers that no reader can read yet; of a leader
	Refused   int   // records of the fleet's configuration that are not used
	Scans     int   // shared scans that this host takes part in
	Shards    int   // of them, that it asks or has results of
	Scanned   int64 // portals that were asked for shared scans
}

// SetFleet has the metrics ask how the daemon stands in its fleet.
func (t *Table) SetFleet(ask func() Fleet) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.fleet = ask
}

var (
	fleetConnected = newMetric("gauge", "fleet_connected", "Whether all that this host sees is in the etcd of its fleet (--fleet).")
	fleetSince     = newMetric("gauge", "fleet_since_timestamp_seconds", "Since when this host is connected to its fleet, or is not (--fleet).")
	fleetPublished = newMetric("gauge", "fleet_published_paths", "Paths of this host that are in the etcd of its fleet (--fleet).")
	fleetWaiting   = newMetric("gauge", "fleet_waiting_changes", "Changes that are not written to the etcd of the fleet yet (--fleet).")
	fleetLeader    = newMetric("gauge", "fleet_leader", "Whether this host leads its fleet (--fleet).")
	fleetCopied    = newMetric("gauge", "fleet_copied_answers", "Lists of targets that are in the etcd of the fleet for all to read; of the host that leads (--fleet).")
	fleetLacking   = newMetric("gauge", "fleet_lacking_answers", "Lists of targets that are not in the etcd of the fleet yet; of the host that leads (--fleet).")
	fleetRefused   = newMetric("gauge", "fleet_refused_records", "Records of the fleet's configuration that this host does not use (--fleet).")
	fleetScans     = newMetric("gauge", "fleet_scans", "Shared scans that this host takes part in (--fleet-scan-allow).")
	fleetShards    = newMetric("gauge", "fleet_scan_shards", "Shards of shared scans that this host asks, or whose results nobody has read yet (--fleet-scan-allow).")
	fleetScanned   = newMetric("counter", "fleet_scanned_portals_total", "Portals that this host asked for shared scans (--fleet-scan-allow).")
)

// member adds how the daemon stands in its fleet; nil: it is in none.
func (c *collection) member(ask func() Fleet) {
	if ask == nil {
		return
	}
	f := ask()
	c.add(fleetConnected, number(f.Connected))
	c.time(fleetSince, f.Since)
	c.add(fleetPublished, float64(f.Published))
	c.add(fleetWaiting, float64(f.Waiting))
	c.add(fleetLeader, number(f.Leading))
	if f.Leading {
		c.add(fleetCopied, float64(f.Copied))
		c.add(fleetLacking, float64(f.Lacking))
	}
	c.add(fleetRefused, float64(f.Refused))
	c.add(fleetScans, float64(f.Scans))
	c.add(fleetShards, float64(f.Shards))
	c.add(fleetScanned, float64(f.Scanned))
}

func number(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
