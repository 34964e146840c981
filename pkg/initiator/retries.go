package initiator

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/ipsec"
)

// MaxRetries is how often a portal is asked again at most, whatever
// Discoverer.Retries says.
const MaxRetries = 10

// The back-off before a further try: it begins with minBackOff, doubles with each
// try, and has up to half of itself added at random, so that hosts that lost one
// target together do not come back together. Near the end of the portal's time it
// is half of what is left; where that would be less than shortBackOff there is no
// further try.
const (
	minBackOff   = 250 * time.Millisecond
	maxBackOff   = 2 * time.Second
	shortBackOff = 50 * time.Millisecond
)

// retries is what an attempt keeps of the tries that failed.
type retries struct {
	failed  int    // tries
	first   string // what the first of them failed with
	refused bool   // in the try under way an address failed at the login or later with what does not pass
	plans   []triedPlan
}

// A triedPlan is the IPsec that an earlier connection between two ends was planned
// under.
type triedPlan struct {
	from netip.Addr // invalid: left to the connection
	to   netip.AddrPort
	plan ipsec.Plan
}

// retries returns how many further tries a portal gets.
func (d *Discoverer) retries() int { return min(max(d.Retries, 0), MaxRetries) }

// withRetries asks the portal, and again after a failure that may pass, as often as
// Discoverer.Retries allows and within the portal's time.
func (a *attempt) withRetries(ctx context.Context, method *auth.CHAP) error {
	for {
		err := a.try(ctx, method)
		if err == nil || !a.mayRetry(ctx, err) {
			return a.counted(err, a.retried.failed+1)
		}
		a.failedTry(err)
		a.phase(nil)
		if !a.backOff(ctx) {
			return a.counted(gaveUp(ctx, err), a.retried.failed)
		}
		a.again()
	}
}

// mayRetry reports whether the portal is to be asked again after a try that failed
// with err. No address is asked again that refused, nor a portal whose targets were
// handed on.
func (a *attempt) mayRetry(ctx context.Context, err error) bool {
	var e *Error
	switch {
	case a.retried.failed >= a.d.retries(), ctx.Err() != nil, a.retried.refused, a.fellBack, a.result.TargetsFound > 0:
		return false
	case !errors.As(err, &e), (a.d.timeout()-a.elapsed)/2 < shortBackOff:
		return false
	}
	switch e.Stage {
	case StageResolve, StageConnect, StageLogin, StageDiscover:
		return Retryable(err)
	}
	return false
}

// noteFailure keeps in mind that something failed that a further try would only
// repeat: another address of the portal may hide it from the outcome of the try.
func (a *attempt) noteFailure(e *Error) {
	if e.Stage >= StageLogin && !Retryable(e) {
		a.retried.refused = true
	}
}

// failedTry counts a try.
func (a *attempt) failedTry(err error) {
	r := &a.retried
	if r.failed++; r.failed > 1 {
		return
	}
	var e *Error
	if errors.As(err, &e) {
		plain := *e
		plain.Hint = ""
		err = &plain
	}
	r.first = err.Error()
}

// backOff waits before the next try. The wait is part of the portal's time. backOff
// reports false where ctx ended first.
func (a *attempt) backOff(ctx context.Context) bool {
	wait := min(minBackOff<<(a.retried.failed-1), maxBackOff)
	wait = min(wait+rand.N(wait/2), maxBackOff)
	left := a.d.timeout() - a.elapsed
	err := a.timed(ctx, left, func(ctx context.Context) error {
		t := time.NewTimer(min(wait, left/2))
		defer t.Stop()
		select {
		case <-t.C:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	return err == nil
}

// gaveUp is the error of a portal whose caller gave up between two tries, the last
// of which failed with err.
func gaveUp(ctx context.Context, err error) error {
	var e *Error
	if errors.As(err, &e) {
		ended := *e
		ended.Err, ended.Hint = context.Cause(ctx), ""
		return &ended
	}
	return err
}

// again makes a ready for a further try. What belongs to the try that failed is
// forgotten, but for what could not be taken away again after it. The challenges
// of CHAP stay outstanding: a target must not send back one of an earlier try.
func (a *attempt) again() {
	a.result = Result{Asked: a.result.Asked, InitiatorName: a.request.Name}
	leftovers := slices.DeleteFunc(a.warnings.kept, func(w Warning) bool { return w.Code != WarnLeftover })
	a.warnings = warnings{}
	a.warnings.add(WarnRetried, "%s failed before this one; the first try failed with: %s", tryCount(a.retried.failed), a.retried.first)
	a.warnings.kept = append(a.warnings.kept, leftovers...)
	a.retried.refused = false
	a.tried, a.resumed = nil, false
}

// counted says in the error of a portal how many tries there were, where that was
// more than one. The warning about earlier tries is for a portal that answered.
func (a *attempt) counted(err error, tries int) error {
	var e *Error
	if tries > 1 && errors.As(err, &e) {
		e.Tries = tries
		a.warnings.kept = slices.DeleteFunc(a.warnings.kept, func(w Warning) bool { return w.Code == WarnRetried })
	}
	return err
}

func tryCount(n int) string {
	if n == 1 {
		return "1 try"
	}
	return strconv.Itoa(n) + " tries"
}

// keep remembers the plan that a connection is made under, for later tries.
func (r *retries) keep(from netip.Addr, to netip.AddrPort, plan ipsec.Plan) {
	for i := range r.plans {
		if p := &r.plans[i]; p.from == from && p.to == to {
			p.plan = plan
			return
		}
	}
	r.plans = append(r.plans, triedPlan{from, to, plan})
}

// weakened reports that a plan protects less than the one of an earlier connection
// between the same two ends; where the source is a new one, less than one of an
// earlier connection to the same address.
func (r *retries) weakened(from netip.Addr, to netip.AddrPort, plan ipsec.Plan) bool {
	weaker := false
	for i := range r.plans {
		p := &r.plans[i]
		if p.to != to {
			continue
		}
		if p.from == from {
			return plan.WeakerThan(p.plan)
		}
		weaker = weaker || plan.WeakerThan(p.plan)
	}
	return weaker
}
