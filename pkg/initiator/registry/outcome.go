package registry

import (
	"context"
	"errors"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
)

// ask runs a request and takes what came of it into the registry. stored says whether it is
// of an entry of the registry.
func (s *Service) ask(ctx context.Context, key initiator.Key, j initiator.Request, stored bool) initiator.Result {
	one := func(yield func(*initiator.Request) bool) { yield(&j) }
	r := initiator.Result{Asked: j.Portal, InitiatorName: j.Name, Err: &initiator.Error{Stage: initiator.StageValidate, Portal: j.Portal.Portal, Err: context.Cause(ctx)}}
	for r = range s.cfg.Discoverer.DiscoverRequests(ctx, one, 1) {
	}
	r.Stored = stored
	s.learn(ctx, key, &r)
	return r
}

// learn takes a result into the registry: the targets of a portal that answered,
// and in the entry, if there is one, how it went. What is our own fault says nothing of
// the portal, and leaves how it went before. Secrets leave the result.
func (s *Service) learn(ctx context.Context, key initiator.Key, r *initiator.Result) {
	r.Asked = initiator.WithoutSecrets(r.Asked)
	own := ownFault(ctx, r.Err)
	// What was found is stored even if the caller has given up.
	ctx = context.WithoutCancel(ctx)
	now := s.now()
	if r.Err == nil {
		if err := s.merge(ctx, key, r, now); err != nil {
			r.Err, own = s.failed(key, storeError(err)), true
		}
	}
	if own {
		return
	}
	last := LastResult{Time: now, Code: initiator.Code(r.Err), Targets: r.TargetsFound, LeftOut: r.LeftOut}
	if r.Source.IsValid() {
		last.Source = r.Source.String()
	}
	var e *initiator.Error
	if errors.As(r.Err, &e) {
		last.Stage, last.Message = e.Stage.String(), e.Error()
	}
	err := retryConflicts(ctx, func() error { return s.note(ctx, key, &last) })
	if err != nil && r.Err == nil {
		r.Err = s.failed(key, storeError(err))
	}
}

// note writes how the last discovery went into the entry of key, if there still
// is one.
func (s *Service) note(ctx context.Context, key initiator.Key, last *LastResult) error {
	old, err := s.cfg.Store.Get(ctx, recordOf(key))
	if err != nil || old.Version == 0 {
		return err
	}
	var r portalRecord
	if err := decode(old, &r); err != nil {
		return err
	}
	judged := *last
	if last.Code != isdsc.Success || last.LeftOut > 0 {
		judged.NotJudgedSince = r.Last.notJudgedSince(last.Time)
	}
	r.Last = &judged
	return s.cfg.Store.Apply(ctx, Change{Key: old.Key, Version: old.Version, Value: encode(r)})
}

// A LastResult is how the last discovery of an entry ended.
type LastResult struct {
	Time    time.Time `json:"time"`
	Code    uint32    `json:"code"` // of the reference API
	Stage   string    `json:"stage,omitempty"`
	Message string    `json:"message,omitempty"` // of the error; one line, escaped
	Source  string    `json:"source,omitempty"`  // our address
	Targets int       `json:"targets"`
	LeftOut int       `json:"left_out,omitempty"` // targets whose names are harmful

	// NotJudgedSince is when the portal's answers began to fail or to leave targets
	// out, without a complete one since: as long as that lasts no target of the
	// portal becomes missing. Zero: the last answer was complete.
	NotJudgedSince time.Time `json:"not_judged_since,omitzero"`
}

// notJudgedSince returns since when the portal is not judged, where it is not now.
// l is the result before, or nil.
func (l *LastResult) notJudgedSince(now time.Time) time.Time {
	if l == nil || l.NotJudgedSince.IsZero() {
		return now
	}
	return l.NotJudgedSince
}

// ownFault reports a failure that says nothing of a portal: options or secrets that are
// not usable here, a registry that cannot be read, or a caller that gave up.
func ownFault(ctx context.Context, err error) bool {
	var e *initiator.Error
	switch {
	case errors.Is(err, context.Canceled), ctx.Err() != nil && errors.Is(err, ctx.Err()):
		return true
	case !errors.As(err, &e):
		return false
	}
	return e.Stage == initiator.StageValidate || e.Stage == initiator.StageStore
}
