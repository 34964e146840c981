package fleetmember

import (
	"context"
	"crypto/rand"
	"sync"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet/host"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/leader"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/sweep"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
	"github.com/go-iscsi/discovery/pkg/initiator/watch"
)

// A Member is discoverd in a fleet. Its methods may be called from several goroutines.
type Member struct {
	cfg     Config
	host    *host.Host
	leader  *leader.Leader // nil: it does not lead
	scans   *sweep.Worker
	settler *settler
	Reading *Reading // of the fleet, for the page and the API
	started time.Time
	id      string // of the registry, set before the host publishes

	mu    sync.Mutex // guards the following
	state State
}

// A State is how a Member stands.
type State struct {
	Host    host.State
	Leads   bool         // it may be elected
	Leader  leader.State // of a Member that may
	Changed int          // changes that the fleet made to the registry, since the start
	Kept    int          // portals of which the host has an entry of its own
	Refused int          // records of the fleet's configuration that are not used
	Scan    sweep.State  // of shared scans
	Scanned int64        // portals that were asked for them, since the start
	Settled error        // why the registry is not as the fleet wants it; nil: it is, or nothing is known yet
}

// New returns a Member that does nothing until Run.
func New(cfg Config) (*Member, error) {
	m := &Member{cfg: cfg, started: time.Now(), id: rand.Text()}
	m.settler = newSettler(m)
	m.Reading = newReading(cfg.Client, cfg.Keys, cfg.Fleet)
	var err error
	m.host, err = host.New(host.Config{
		Client: cfg.Client, Keys: cfg.Keys, Name: cfg.Host, Info: m.info, Every: cfg.Every,
		FromFleet: m.settler.fromFleet, Wanted: m.settler.want, Report: m.reportHost,
	})
	if err != nil {
		return nil, err
	}
	if m.scans, err = m.newScans(); err != nil || !cfg.Lead {
		return m, err
	}
	m.state.Leads = true
	m.leader, err = leader.New(leader.Config{Client: cfg.Client, Keys: cfg.Keys, Name: cfg.Host, Every: cfg.Every, Report: m.reportLeader})
	return m, err
}

// Observe takes what a watch saw, for watch.Config.
func (m *Member) Observe(s *watch.State, targets []target.Target) { m.host.Observe(s, targets) }

// Again has the registry compared with what the fleet wants once more.
func (m *Member) Again() { m.settler.again() }

// Run is a host of the fleet until ctx ends, and then leaves it at once.
func (m *Member) Run(ctx context.Context) {
	m.readID(ctx)
	var all sync.WaitGroup
	all.Go(func() { m.settler.run(ctx) })
	all.Go(func() { m.Reading.run(ctx) })
	all.Go(func() { m.host.Run(ctx) })
	all.Go(func() { m.scans.Run(ctx) })
	if m.leader != nil {
		all.Go(func() { m.leader.Run(ctx) })
	}
	all.Wait()
}

// State returns how the Member stands now.
func (m *Member) State() State {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.state
	s.Host, s.Scanned = m.host.State(), m.cfg.Asked()
	return s
}

// reportHost says what became of the connection, once for each change.
func (m *Member) reportHost(s host.State) {
	m.mu.Lock()
	before := m.state.Host
	m.state.Host = s
	m.mu.Unlock()
	switch {
	case s.Connected && !before.Connected:
		m.cfg.Say("connected to the fleet %s as host %s", m.cfg.Fleet, m.cfg.Host)
	case isNews(before.Err, s.Err):
		m.cfg.Say("the fleet %s: %s; discoverd goes on by itself and tries again", m.cfg.Fleet, errorText(s.Err))
	}
	if text := errorText(s.Unlisted); text != "" && text != errorText(before.Unlisted) {
		m.cfg.Say("warning: the fleet %s: %s", m.cfg.Fleet, text)
	}
	m.cfg.Log.Info("fleet", "connected", s.Connected, "published", s.Published, "waiting", s.Waiting, "error", errorText(s.Err))
}

// reportLeader says who leads, once for each change.
func (m *Member) reportLeader(s leader.State) {
	m.mu.Lock()
	before := m.state.Leader
	m.state.Leader = s
	m.mu.Unlock()
	switch text := errorText(s.Err); {
	case s.Leading && !before.Leading:
		m.cfg.Say("this host leads the fleet %s now", m.cfg.Fleet)
	case !s.Leading && before.Leading:
		m.cfg.Say("this host leads the fleet %s no longer", m.cfg.Fleet)
	case text != "" && text != errorText(before.Err):
		m.cfg.Say("leading the fleet %s: %s; it is tried again", m.cfg.Fleet, text)
	}
	m.cfg.Log.Info("fleet leader", "leading", s.Leading, "copied", s.Copied, "asked", s.Asked, "lacking", s.Lacking, "error", errorText(s.Err))
}

// errorText returns the text of an error; empty: there is none.
func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
