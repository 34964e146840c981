package registry

import (
	"context"
	"errors"
	"iter"
	"sync"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/internal/rowkey"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
	"github.com/go-iscsi/discovery/pkg/initiator/watch"
)

// Watch asks the portals and the iSNS servers of the registry again and again, and yields
// what changes: see watch.Run. The portals that iSNS servers name are not watched. Each answer is taken into the registry, as RefreshSendTargetPortal does, under
// the rules as they are then. At the beginning answers are compared with what the registry
// has, later with what this watch itself has seen. Where the registry cannot be read or
// written, a watch.SourceFailed says so, and what was last known to be in it is asked on.
func (s *Service) Watch(ctx context.Context, cfg watch.Config) iter.Seq[watch.Event] {
	return watch.Run(ctx, &watched{Service: s}, cfg)
}

// A watched is a registry that is watched.
type watched struct {
	*Service

	mu       sync.Mutex // guards unstored
	unstored error      // why the last answer could not be taken into the registry; nil: it was
}

// Entries yields the entries of the registry, as watch.Source says. An entry that cannot
// be read is one of them: its results say why.
func (w *watched) Entries(ctx context.Context) iter.Seq2[watch.Entry, error] {
	return func(yield func(watch.Entry, error) bool) {
		for p, err := range w.SendTargetPortals(ctx) {
			if p.Portal.Address != "" {
				err = nil
			}
			if !yield(watch.Entry{Key: p.Key(), SymbolicName: p.Portal.SymbolicName}, err) || err != nil {
				return
			}
		}
		for v, err := range w.ISNSServers(ctx) {
			if err != nil && oneRecord(err) {
				continue
			}
			if !yield(watch.Entry{Key: v.Key(), ISNS: true}, err) || err != nil {
				return
			}
		}
		w.mu.Lock()
		err := w.unstored
		w.mu.Unlock()
		if err != nil {
			yield(watch.Entry{}, err)
		}
	}
}

// Known yields what the registry knows of its entries, as watch.Source says. It reads all
// targets once. Records that cannot be read are left out.
func (w *watched) Known(ctx context.Context) iter.Seq2[watch.Answer, error] {
	return func(yield func(watch.Answer, error) bool) {
		found, err := w.found(ctx)
		if err != nil {
			yield(watch.Answer{}, storeError(err))
			return
		}
		for p, err := range w.SendTargetPortals(ctx) {
			switch {
			case err != nil && oneRecord(err):
				continue
			case err != nil:
				yield(watch.Answer{}, err)
				return
			}
			a := found[rowkey.OfEntry(p.Key())]
			if a == nil {
				a = new(knownAnswer)
			}
			a.Key = p.Key()
			if a.add(&p.Last); !yield(a.Answer, nil) {
				return
			}
		}
		w.knownServers(ctx, found, yield)
	}
}

// A knownAnswer is an answer as the list of targets has it.
type knownAnswer struct {
	watch.Answer
	lastSeen time.Time // of any of its targets
}

// add adds how the last attempts went.
func (a *knownAnswer) add(last *LastResult) {
	a.LastOK, a.FailingSince, a.Failures, a.Code, a.Message = last.LastOK, last.FailingSince, last.Failures, last.Code, last.Message
	if a.LastOK.IsZero() { // an earlier version did not keep it
		a.LastOK = a.lastSeen
	}
}

// found returns the targets that portals were found to have, by the record of their entry.
// Those that nothing looks for any more are left out.
func (w *watched) found(ctx context.Context) (map[string]*knownAnswer, error) {
	found := make(map[string]*knownAnswer)
	for t, err := range w.known(ctx) {
		switch {
		case err != nil && oneRecord(err):
			continue
		case err != nil:
			return nil, err
		}
		for i := range t.Mechanisms {
			m := &t.Mechanisms[i]
			if m.Static || m.Stale {
				continue
			}
			entry := rowkey.OfEntry(m.Portal)
			if m.ISNS.Address != "" {
				entry = rowkey.OfServer(m.ISNS)
			}
			a := found[entry]
			if a == nil {
				a = new(knownAnswer)
				found[entry] = a
			}
			a.lastSeen = later(a.lastSeen, m.LastSeen)
			if m.MissingSince.IsZero() {
				a.Targets = append(a.Targets, target.Target{Name: t.Name, Alias: m.Alias, Addresses: m.Addresses})
			} else {
				a.Missing = append(a.Missing, t.Name)
			}
		}
	}
	return found, nil
}

// Ask asks portals and takes their answers into the registry, as watch.Source says. Where
// that takes no answer, the result is the portal's all the same: Entries says what the
// registry lacks.
func (w *watched) Ask(ctx context.Context, keys []initiator.Key) iter.Seq[initiator.Result] {
	return func(yield func(initiator.Result) bool) {
		var mu sync.Mutex // guards answered
		answered := make(map[string]bool, len(keys))
		discover := func(ctx context.Context, requests iter.Seq[*initiator.Request], parallel int) iter.Seq[initiator.Result] {
			return func(yield func(initiator.Result) bool) {
				for r := range w.cfg.Discoverer.RequestsAsDone(ctx, requests, parallel) {
					if r.Err == nil {
						mu.Lock()
						answered[rowkey.OfEntry(r.Asked.Key())] = true
						mu.Unlock()
					}
					if !yield(r) {
						return
					}
				}
			}
		}
		for r := range w.refresh(ctx, keys, discover) {
			mu.Lock()
			ok := answered[rowkey.OfEntry(r.Asked.Key())]
			mu.Unlock()
			switch {
			case oneRecord(r.Err):
				r.Err = entryFault(r.Err)
			case ok:
				w.mu.Lock()
				w.unstored = r.Err
				w.mu.Unlock()
				r.Err = nil
			}
			if !yield(r) {
				return
			}
		}
	}
}

// entryFault makes an error about one record, for which an entry cannot be asked, a failure of
// the entry: that the registry can be read hides it otherwise.
func entryFault(err error) error {
	var e *initiator.Error
	if !errors.As(err, &e) {
		return err
	}
	one := *e
	one.Stage = initiator.StageValidate
	return &one
}

// knownServers yields what the registry knows of its iSNS servers. found has the targets,
// by the record of the server.
func (w *watched) knownServers(ctx context.Context, found map[string]*knownAnswer, yield func(watch.Answer, error) bool) {
	for v, err := range w.ISNSServers(ctx) {
		switch {
		case err != nil && oneRecord(err):
			continue
		case err != nil:
			yield(watch.Answer{}, err)
			return
		}
		a := found[rowkey.OfServer(v.Address)]
		if a == nil {
			a = new(knownAnswer)
		}
		a.Key, a.ISNS = v.Key(), true
		if a.add(&v.Last); !yield(a.Answer, nil) {
			return
		}
	}
}

// maxServers is how many iSNS servers are asked at once.
const maxServers = 8

// AskISNS asks iSNS servers and takes their answers into the registry, as
// watch.ISNSSource says. Where the registry takes no answer, the result is the server's all
// the same: Entries says what the registry lacks.
func (w *watched) AskISNS(ctx context.Context, keys []initiator.Key) iter.Seq[initiator.Result] {
	return func(yield func(initiator.Result) bool) {
		results := make(chan *initiator.Result)
		room := make(chan struct{}, maxServers)
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		var under sync.WaitGroup
		go func() {
			for _, key := range keys {
				room <- struct{}{}
				under.Go(func() {
					results <- w.askServer(ctx, key)
					<-room
				})
			}
			under.Wait()
			close(results)
		}()
		left := false
		for r := range results {
			if left || r == nil {
				continue
			}
			if left = !yield(*r); left {
				cancel()
			}
		}
	}
}

// askServer asks an iSNS server; nil: it is not in the registry any more.
func (w *watched) askServer(ctx context.Context, key initiator.Key) *initiator.Result {
	begun := time.Now()
	asked, err := w.RefreshISNSServer(ctx, key.Portal)
	if err != nil && initiator.Code(err) == isdsc.ISNSServerNotFound {
		return nil
	}
	r := &initiator.Result{
		Asked:         initiator.SendTargetPortal{Instance: key.Instance, Port: key.Port, Portal: key.Portal},
		InitiatorName: asked.InitiatorName, InitiatorPort: asked.InitiatorPort,
		Elapsed: time.Since(begun), Stored: asked.Stored, Changes: asked.Changes, Err: err,
	}
	if a := asked.Answer; a != nil {
		r.Address, r.Source = a.Server, a.Source.Addr()
		r.Targets, r.TargetsFound = a.Targets(), len(a.Nodes)
		r.Complete = a.Complete
	}
	if e := (*initiator.Error)(nil); asked.Answer != nil && (err == nil || errors.As(err, &e) && e.Stage == initiator.StageStore) {
		w.mu.Lock()
		w.unstored = err
		w.mu.Unlock()
		r.Err = nil
	}
	return r
}
