package daemon

import (
	"bytes"
	"context"
	"iter"
	"sync"
	"time"

	"github.com/go-iscsi/discovery/cmd/discoverd/internal/journal"
	"github.com/go-iscsi/discovery/cmd/discoverd/internal/metrics"
	"github.com/go-iscsi/discovery/cmd/discoverd/internal/notify"
	"github.com/go-iscsi/discovery/cmd/discoverd/internal/sd"
	"github.com/go-iscsi/discovery/cmd/internal/app"
	"github.com/go-iscsi/discovery/cmd/internal/events"
	"github.com/go-iscsi/discovery/cmd/internal/paths"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/watch"
)

// watch asks the portals until ctx ends, and hands on what changes.
func (d *daemon) watch(ctx context.Context) {
	cfg := watch.Config{
		Every: d.every, Jitter: d.jitter, Now: d.now, Hold: d.hold, HoldVanished: d.holdVanished,
		Reload: d.reload, Notices: d.noticed,
		Report: func(s *watch.State) {
			d.table.Report(s)
			d.page.Report(s)
			if s.Last != nil {
				d.pulse.Attempted()
				d.logResult(s)
			}
		},
	}
	if d.member != nil {
		cfg.Observe = d.member.Observe
	}
	d.passed = d.seq // a watch counts from the beginning; the events of this run go on
	for e := range d.watched.Watch(ctx, cfg) {
		e.Seq += d.passed
		d.seq = e.Seq
		d.take(&e)
	}
}

// logResult logs an attempt.
func (d *daemon) logResult(s *watch.State) {
	if !s.ISNS {
		d.LogResult(s.Last)
		return
	}
	args := []any{"server", s.Key.Portal.String(), "source", s.Last.Source, "targets", s.Last.TargetsFound, "elapsed", s.Last.Elapsed}
	if s.Last.Err != nil {
		args = append(args, "error", s.Last.Err.Error())
	}
	d.Log().Info("iSNS server done", args...)
}

// take hands on an event.
func (d *daemon) take(e *watch.Event) {
	d.table.Count(e)
	d.page.Add(*e)
	switch e.Type {
	case watch.PortalAdded, watch.PortalRemoved:
		d.guard.Forget()
		knock(d.recount)
		knock(d.relist)
	case watch.SourceFailed:
		d.Say("the registry cannot be read or written: %v; discoverd goes on with what it knows", e.Err)
	case watch.SourceRecovered:
		d.Say("the registry can be read and written again")
		knock(d.recount)
	}
	line, err := events.JSON(e)
	if err != nil {
		d.Say("warning: event %d cannot be told: %v", e.Seq, err)
		line = []byte("{}")
	}
	d.journal.Add(journal.Entry{Seq: e.Seq, Type: string(e.Type), JSON: bytes.TrimSpace(line)})
	if e.Type != watch.Snapshot {
		d.Log().Info(string(e.Type), "seq", e.Seq, "event", events.Text(e))
	}
}

// minCount is how far apart counts of the registry are at least: each reads it whole.
const minCount = 10 * time.Second

// count counts what the registry has, again and again until ctx ends.
func (d *daemon) count(ctx context.Context) {
	tick := time.NewTicker(max(d.every, minCount))
	defer tick.Stop()
	for said := false; ; {
		c, err := metrics.TakeCensus(ctx, d.service, d.named, app.IsOneRecord)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			if !said && (d.table.Up() || !d.hasBegun()) {
				d.Say("the registry cannot be read: %v", err)
				said = true
			}
			d.table.SetUnreadable()
		default:
			if said && d.shared != nil { // else the watch tells it
				d.Say("the registry can be read again")
			}
			said = false
			d.table.SetCensus(c)
		}
		wait := tick.C
		if err != nil {
			wait = time.After(retryCount)
		}
		select {
		case <-ctx.Done():
			return
		case <-d.recount:
		case <-wait:
		}
	}
}

// retryCount is how soon a registry that could not be read is read again.
const retryCount = 2 * time.Second

// status is how the daemon stands, for its service manager.
func (d *daemon) status() string {
	if d.standsBy() {
		return d.shared.now().text()
	}
	up, all, next := d.table.Tally()
	return notify.Status(up, all, next) + d.fleetStatus()
}

// sd returns what answers service discovery.
func (d *daemon) sd() *sd.Handler {
	return &sd.Handler{Service: d.registry, OneRecord: app.IsOneRecord}
}

// Known returns what the registry has, for the page.
func (d *daemon) Known(ctx context.Context) (*paths.Known, error) { return paths.Read(ctx, d.service) }

// States returns how the entries stand, for the page.
func (d *daemon) States() []watch.State { return d.page.States() }

// Events returns the events since a time, for the page.
func (d *daemon) Events(since time.Time) []watch.Event { return d.page.Events(since) }

// A beating is a registry.Store that tells each reading of a list.
type beating struct {
	registry.Store
	beat  func()
	once  sync.Once
	begun chan struct{} // closed after the first list that could be read
}

// List yields records, as registry.Store says.
func (b *beating) List(ctx context.Context, prefix string) iter.Seq2[registry.Record, error] {
	return func(yield func(registry.Record, error) bool) {
		b.beat()
		for r, err := range b.Store.List(ctx, prefix) {
			if err != nil {
				yield(r, err)
				return
			}
			if !yield(r, nil) {
				return
			}
		}
		b.once.Do(func() { close(b.begun) })
	}
}
