package watch

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"time"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
)

// A cause is what an attempt failed with. The zero value is a success.
type cause struct {
	failed bool
	code   uint32
	stage  int // an initiator.Stage; unknownStage where the source does not know
}

const unknownStage = -1

func causeOf(err error) cause {
	c := cause{failed: true, code: initiator.Code(err), stage: unknownStage}
	if e := (*initiator.Error)(nil); errors.As(err, &e) {
		c.stage = int(e.Stage)
	}
	return c
}

// ownFault reports a failure that is told in another way or not at all: a source that cannot
// be read, which is a SourceFailed, or a caller that gave up. An entry that cannot be asked,
// as where its secret is gone, has failed as one of which the portal is silent.
func ownFault(err error) bool {
	var e *initiator.Error
	return errors.Is(err, context.Canceled) || errors.As(err, &e) && e.Stage == initiator.StageStore
}

// attempt takes the result of an attempt, plans the next one, and tells what changed.
func (w *watcher) attempt(e *entry, r *initiator.Result) {
	clock, now := w.cfg.Clock(), time.Now()
	e.lastAttempt = clock
	if r.Source.IsValid() {
		e.source, e.port = r.Source, r.InitiatorPort
	}
	own := ownFault(r.Err)
	switch {
	case own:
	case r.Err == nil:
		e.lastOK, e.failures, e.backOff = clock, 0, 0
		e.failingSince, e.failing = time.Time{}, time.Time{}
	default:
		if e.backOff++; e.failures == 0 {
			e.failingSince, e.failing = clock, now
		}
		e.failures++
		e.setStatus(Down, clock)
	}
	w.schedule(e, now, w.interval(e))
	switch {
	case own:
	case r.Err == nil:
		w.answered(e, r, clock)
	default:
		w.failed(e, r.Err)
	}
	w.hold(e, now)
	w.report(e, r)
}

// failed tells a failure where it is the first, or of another cause than the one before.
func (w *watcher) failed(e *entry, err error) {
	c := causeOf(err)
	if !e.snapshot {
		e.snapshot, e.cause.told, e.lasting = true, c, e.failing
		w.tell(e, Event{Type: Snapshot, Err: err, Code: c.code})
		return
	}
	if told := &e.cause.told; told.failed && told.stage == unknownStage && (told.code == 0 || told.code == c.code) {
		*told = c
	}
	if !e.cause.told.failed {
		if e.failures >= w.cfg.Hold { // of whatever cause
			e.cause.told, e.cause.count, e.lasting = c, 0, e.failing
			w.tell(e, Event{Type: PortalFailed, Err: err, Code: c.code})
		}
		return
	}
	if was, changed := e.cause.see(c, w.cfg.Hold); changed {
		w.tell(e, Event{Type: PortalFailed, Err: err, Code: c.code, WasCode: was.code})
	}
}

// answered takes an answer.
func (w *watcher) answered(e *entry, r *initiator.Result, clock time.Time) {
	e.targets = len(r.Targets)
	first := !e.snapshot
	e.snapshot = true
	if _, recovered := e.cause.see(cause{}, w.cfg.Hold); recovered {
		w.tell(e, Event{Type: PortalRecovered, Up: true, Targets: e.targets, After: time.Since(e.lasting)})
		e.lasting = time.Time{}
	}
	changes := w.compare(e, r)
	e.judge(clock)
	if first {
		w.tell(e, Event{Type: Snapshot, Up: true, Targets: e.targets})
	}
	for _, c := range changes {
		w.tell(e, c)
	}
	w.settle(e, r)
}

// settle tells what differs in how the portal was asked.
func (w *watcher) settle(e *entry, r *initiator.Result) {
	login, hops := authWords(&r.Auth), hopWords(r.Redirects)
	if !e.settled {
		e.settled, e.auth.told, e.redirect.told, e.from.told = true, login, hops, r.Source
		return
	}
	if was, changed := e.auth.see(login, w.cfg.Hold); changed {
		w.tell(e, Event{Type: AuthChanged, Is: login, Was: was})
	}
	if was, changed := e.redirect.see(hops, w.cfg.Hold); changed {
		w.tell(e, Event{Type: RedirectChanged, Is: hops, Was: was})
	}
	if e.key.Port != ports.All {
		return
	}
	if was, changed := e.from.see(r.Source, w.cfg.Hold); changed {
		w.tell(e, Event{Type: SourceChanged, Is: addrWords(r.Source), Was: addrWords(was)})
	}
}

// authWords says how a login went: the method, the algorithm of CHAP, and whether the
// target proved itself, too.
func authWords(o *auth.Outcome) string {
	if !o.Done {
		return "none"
	}
	words := "chap " + o.Algorithm.String()
	if o.Mutual {
		words += " mutual"
	}
	return words
}

// hopWords says where a login was sent on to; empty: nowhere.
func hopWords(hops []initiator.Redirect) string {
	if len(hops) == 0 {
		return ""
	}
	to := make([]string, len(hops))
	for i := range hops {
		to[i] = hops[i].To.String()
	}
	return strings.Join(to, " ")
}

func addrWords(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}
