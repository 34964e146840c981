package registry

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"iter"
	"net/netip"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/change"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/isns"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/internal/answer"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/internal/rowkey"
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
		// Where ctx has ended, each server has a result that says so.
		for v, err := range s.ISNSServers(context.WithoutCancel(ctx)) {
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
	return &isns.Client{Name: name, Register: v.Register, Wrap: d.Wrap, Dial: d.Dial, Limits: isns.Limits{MaxTargets: d.MaxTargets}}, isns.Request{
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

// learnISNS takes a result into the registry: how it went, and where the server answered
// the targets and what it says of the security of portals. What is our own fault says
// nothing of the server.
func (s *Service) learnISNS(ctx context.Context, r *ISNSResult) {
	if ownFault(ctx, r.Err) {
		return
	}
	uncancelled, cancel := outlasting(ctx)
	defer cancel()
	l := isnsLearning{Service: s, server: r.Server.Address, now: s.now()}
	l.last = newISNSLast(r, l.now)
	var err error
	if r.Err == nil {
		r.Changes, err = l.take(uncancelled, r.Answer)
	}
	if err == nil {
		err = l.end(uncancelled)
	}
	if err != nil && r.Err == nil {
		r.Err = s.failed(initiator.Key{Portal: r.Server.Address}, storeError(err))
	}
}

// newISNSLast returns what a result says by itself.
func newISNSLast(r *ISNSResult, now time.Time) LastResult {
	last := LastResult{Time: now, Code: initiator.Code(r.Err)}
	var e *isns.Error
	if errors.As(r.Err, &e) {
		last.Stage, last.Message, last.Silent = "isns", e.Error(), last.Code == isdsc.WSATimedOut
	}
	if r.Answer != nil {
		last.Source, last.Targets = addrText(r.Answer.Source.Addr()), len(r.Answer.Nodes)
		if !r.Answer.Complete {
			last.LeftOut = 1 // or more: how many is not known
		}
	}
	return last
}

// An isnsLearning is how one result gets into the registry.
type isnsLearning struct {
	*Service
	server initiator.Portal
	now    time.Time
	last   LastResult

	gone   bool          // the server is not in the registry any more
	mark   string        // of this learning, in the record while records of targets are written
	answer *answerRecord // for the record; nil: as it is
	forget bool          // the seenRecord of the mechanism
}

// take takes an answer into the registry. While the records of targets are written the
// record of the server has the mark of the learning in the place of a digest: where that
// stops half way, the next answer is compared with all of them.
func (l *isnsLearning) take(ctx context.Context, a *isns.Answer) (told []change.Change, err error) {
	all := a.Targets()
	l.mark, l.answer = rand.Text(), &answerRecord{Seen: l.now, Digest: answer.Digest(all, netip.AddrPort{}, a.Complete)}
	var before answerRecord
	err = l.change(ctx, func(v *isnsRecord) bool {
		before = answerRecord{}
		if v.Answer != nil {
			before = *v.Answer
		}
		if before.holds(l.now) && bytes.Equal(before.Digest, l.answer.Digest) {
			l.answer.Compared = before.Compared
			return false
		}
		l.answer.Compared = l.now
		v.Answer = &answerRecord{Seen: before.Seen, Merging: l.mark}
		return true
	})
	if err != nil || l.gone {
		return nil, err
	}
	// First, so that no target is there without it where this stops half way.
	if err := l.putBitmaps(ctx, l.server, a); err != nil {
		return nil, err
	}
	if l.answer.Compared.Equal(l.now) {
		m := isnsMerge{Service: l.Service, server: newServerRecord(l.server), now: l.now, seenBefore: before.Seen, complete: a.Complete}
		if m.seenBefore.IsZero() {
			var r Record
			if m.seenBefore, r, err = l.seen(ctx, rowkey.ISNSMechanism(l.server)); err != nil {
				return nil, err
			}
			l.forget = r.Version != 0
		}
		if told, err = m.merge(ctx, all); err != nil {
			return told, err
		}
	}
	return told, nil
}

// end writes how it went into the record of the server, without a digest where another
// writer took an answer in meanwhile.
func (l *isnsLearning) end(ctx context.Context) error {
	err := l.change(ctx, func(v *isnsRecord) bool {
		after := l.last.after(v.Last)
		v.Last = &after
		if is := l.answer; is != nil {
			met := v.Answer == nil || v.Answer.Merging != l.mark && !bytes.Equal(v.Answer.Digest, is.Digest)
			if v.Answer = is; met {
				v.Answer = &answerRecord{Seen: is.Seen}
			}
		}
		return true
	})
	switch {
	case err != nil:
		return err
	case l.gone && l.answer != nil:
		return l.putBitmaps(ctx, l.server, nil)
	case l.forget && !l.gone: // the record of the server says it from now on
		return l.cfg.Store.Apply(ctx, Change{Key: seenKey(rowkey.ISNSMechanism(l.server)), Version: AnyVersion, Delete: true})
	}
	return nil
}

// change changes the record of the server, if there is one and make says so.
func (l *isnsLearning) change(ctx context.Context, make func(*isnsRecord) bool) error {
	key := rowkey.OfServer(l.server)
	return retryConflicts(ctx, func() error {
		row, err := l.cfg.Store.Get(ctx, key)
		var v isnsRecord
		if err == nil && row.Version != 0 {
			err = decode(row, &v)
		}
		if l.gone = row.Version == 0; err != nil || l.gone || !make(&v) {
			return err
		}
		return l.cfg.Store.Apply(ctx, Change{Key: key, Version: row.Version, Value: encode(v)})
	})
}

// addrText returns an address as text; empty: it is invalid.
func addrText(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}
