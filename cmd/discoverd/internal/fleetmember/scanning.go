package fleetmember

import (
	"github.com/go-iscsi/discovery/cmd/discoverd/internal/fleetscan"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/sweep"
)

// newScans returns what takes part in shared scans, where the host allows any.
func (m *Member) newScans() (*sweep.Worker, error) {
	return sweep.New(sweep.Config{
		Client: m.cfg.Client, Keys: m.cfg.Keys, Name: m.cfg.Host, Allow: m.cfg.ScanAllow, Capacity: fleetscan.Capacity, Ask: m.cfg.Ask, Report: m.reportScans,
	})
}

// reportScans says what keeps the host from taking part, once for each change.
func (m *Member) reportScans(s sweep.State) {
	m.mu.Lock()
	before := m.state.Scan
	m.state.Scan = s
	m.mu.Unlock()
	if text := errorText(s.Err); text != "" && text != errorText(before.Err) {
		m.cfg.Say("shared scans of the fleet %s: %s; discoverd goes on, and takes part again", m.cfg.Fleet, text)
	}
	m.cfg.Log.Info("shared scans", "connected", s.Connected, "jobs", s.Jobs, "shards", s.Shards, "error", errorText(s.Err))
}
