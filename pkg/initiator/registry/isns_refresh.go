package registry

import (
	"context"
	"errors"
	"iter"
	"net/netip"
	"sync"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/change"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/isns"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/internal/rowkey"
	"github.com/go-iscsi/discovery/pkg/initiator/watch"
)

// An ISNSResult is what came of asking an iSNS server.
type ISNSResult struct {
	Server        ISNSServer
	Stored        bool         // it is in the registry
	InitiatorName string       // that was given to the server
	InitiatorPort ports.Port   // that it was asked from, as far as it is known
	Answer        *isns.Answer // nil: there is none; beside Err it is what came before
	Changes       []change.Change
	Err           error // an *isns.Error, or an *initiator.Error of the registry
}

// RefreshISNSServer asks an iSNS server of the registry (RefreshISNSServer of the reference
// API). Its answer replaces what it said before: targets that it does not name any more are
// missing since now. isdsc.ISNSServerNotFound: it is not in the registry.
func (s *Service) RefreshISNSServer(ctx context.Context, address initiator.Portal) (ISNSResult, error) {
	address = withPort(address)
	r := ISNSResult{Server: ISNSServer{Address: address}}
	row, err := s.cfg.Store.Get(ctx, rowkey.OfServer(address))
	var v isnsRecord
	switch {
	case err != nil:
		err = storeError(err)
	case row.Version == 0:
		err = noISNSServer(address)
	default:
		err = storeError(decode(row, &v))
	}
	if err != nil {
		r.Err = s.failed(initiator.Key{Portal: address}, err)
		return r, r.Err
	}
	r = s.AskISNSServer(ctx, v.server())
	r.Stored = true
	s.learnISNS(ctx, &r)
	return r, r.Err
}

// RefreshISNSServers asks all iSNS servers of the registry, one after the other, and yields
// a result for each (RefreshISNSServer of the reference API with a null address). A result
// without a server is the registry's failure, and the last.
func (s *Service) RefreshISNSServers(ctx context.Context) iter.Seq[ISNSResult] {
	return func(yield func(ISNSResult) bool) {
		var all []StoredISNSServer
		for v, err := range s.ISNSServers(ctx) {
			switch {
			case err != nil && !oneRecord(err):
				yield(ISNSResult{Err: err})
				return
			case err != nil:
				if !yield(ISNSResult{Err: err}) {
					return
				}
			default:
				all = append(all, v)
			}
		}
		for _, v := range all {
			if r, _ := s.RefreshISNSServer(ctx, v.Address); !yield(r) {
				return
			}
		}
	}
}

// AskISNSServer asks a server as one of the registry is asked, and stores nothing.
func (s *Service) AskISNSServer(ctx context.Context, v ISNSServer) ISNSResult {
	r := ISNSResult{Server: v}
	if err := v.validate(); err != nil {
		r.Err = s.failed(initiator.Key{Portal: v.Address}, err)
		return r
	}
	r.Server = v
	c, request, err := s.isnsClient(ctx, v)
	if err != nil {
		r.Err = s.failed(initiator.Key{Portal: v.Address}, err)
		return r
	}
	r.InitiatorName = c.Name
	r.Answer, r.InitiatorPort, r.Err = c.Ask(ctx, request)
	if r.InitiatorPort.NodeName != "" {
		r.InitiatorName = r.InitiatorPort.NodeName
	}
	return r
}

// isnsClient returns what asks a server of the registry.
func (s *Service) isnsClient(ctx context.Context, v ISNSServer) (*isns.Client, isns.Request, error) {
	d := s.cfg.Discoverer
	name, err := s.InitiatorNodeName(ctx)
	var selector *ports.Selector
	if err == nil {
		selector, err = s.Selector(ctx, true)
	}
	if err != nil {
		return nil, isns.Request{}, err
	}
	return &isns.Client{Name: name, Register: v.Register, Wrap: d.Wrap, Dial: d.Dial}, isns.Request{
		Server: v.Address, Instance: v.Instance, Port: v.Port, Selector: selector, Timeout: d.Timeout, Lookup: d.Lookup,
	}, nil
}

// SubscribeISNSServer registers us for the notices of a server until ctx ends, as
// isns.Listener.Subscribe says, under the name and from the port by which the server is
// asked. It writes to the server. An error is the registry's: nothing was registered.
func (s *Service) SubscribeISNSServer(ctx context.Context, l *isns.Listener, v ISNSServer, notify func(), report func(isns.SubscriptionState)) error {
	err := v.validate()
	var c *isns.Client
	var request isns.Request
	if err == nil {
		c, request, err = s.isnsClient(ctx, v)
	}
	if err != nil {
		return s.failed(initiator.Key{Portal: v.Address}, err)
	}
	l.Subscribe(ctx, &isns.Subscription{Client: c, Request: request, Notify: notify, Report: report})
	return nil
}

// learnISNS takes a result into the registry: how it went, the targets, and what the server
// says of the security of portals. What is our own fault says nothing of the server.
func (s *Service) learnISNS(ctx context.Context, r *ISNSResult) {
	if errors.Is(r.Err, context.Canceled) {
		return
	}
	uncancelled, cancel := outlasting(ctx)
	defer cancel()
	now := s.now()
	last := LastResult{Time: now, Code: initiator.Code(r.Err)}
	if r.Err != nil {
		last.Stage, last.Message, last.Silent = "isns", r.Err.Error(), initiator.Silent(r.Err)
	}
	if r.Answer != nil {
		last.Source, last.Targets = addrText(r.Answer.Source.Addr()), len(r.Answer.Nodes)
	}
	err := retryConflicts(uncancelled, func() error {
		key := rowkey.OfServer(r.Server.Address)
		row, err := s.cfg.Store.Get(uncancelled, key)
		var v isnsRecord
		if err == nil && row.Version != 0 {
			err = decode(row, &v)
		}
		if err != nil || row.Version == 0 {
			return err // it was removed meanwhile
		}
		after := last.after(v.Last)
		if v.Last = &after; r.Err == nil && r.Answer.Complete {
			v.Seen = now
		}
		return s.cfg.Store.Apply(uncancelled, Change{Key: key, Version: row.Version, Value: encode(v)})
	})
	if err == nil && r.Answer != nil {
		r.Changes, err = s.mergeISNS(uncancelled, r.Server.Address, r.Answer, r.Err == nil && r.Answer.Complete, now)
	}
	if err == nil && r.Answer != nil && r.Err == nil {
		err = s.putBitmaps(uncancelled, r.Server.Address, r.Answer)
	}
	if err != nil && r.Err == nil {
		r.Err = s.failed(initiator.Key{Portal: r.Server.Address}, storeError(err))
	}
}

// addrText returns an address as text; empty: it is invalid.
func addrText(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
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
