package initiator

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/stopwatch"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
	"github.com/go-iscsi/discovery/pkg/pdu"
)

// An attempt is the discovery of one portal, from the host name to the logout. It
// is used for one portal after the other.
type attempt struct {
	*worker

	request Request
	index   int

	result   Result
	warnings warnings
	ignored  []string         // rules that would make the plan weaker, for an Explanation
	watch    *stopwatch.Watch // of the work under way
	elapsed  time.Duration    // time that the work before it took
	phases   phaseClock
	batch    *Batch // what waits to be handed on; nil: nothing
	// ctxShared: Dial, an Enforcer or a policy got the context of the work and may keep
	// it. It is cancelled at the end, and not used again.
	ctxShared bool
	finished  bool // the result is out

	chap     *auth.CHAP         // of the connection in use; nil: none
	fellBack bool               // MD5 alone was tried, which is done once for a portal
	firstTry *CHAPFallbackError // why the second try is under way; nil: it is not
	further  bool               // a connection to this address was made before: another try, or a hop further
	retried  retries

	// Of connections that take longer; see suspended.
	addrs       []netip.AddrPort // that the host name was resolved to
	tried       []triedConnection
	resumed     bool          // the attempt is not yet where it was suspended
	overtime    bool          // the time is over, but for what is known of connections
	replayed    bool          // the connection tried last had failed before
	entered     bool          // there was a connection
	paced       bool          // the next connection may be begun at once
	portWaits   time.Duration // that it waited for a free port
	interrupted *suspended    // it gave way for want of a descriptor; nil: it did not
	held        []*suspended  // others that it took, to be begun again
	stage       Stage         // that the portal is counted in, in Discoverer.Stages
	listing     bool          // the list is under way

	nameWarned bool // of WarnInitiatorName

	// otherHost: a redirection led to another host than the one that the portal's own
	// secrets are for.
	otherHost bool

	// probing: it is a probe of an advertised address, and result.IPsec is the plan
	// of the portal.
	probing bool

	// exchanges stay open until the portal is done: a target that we were
	// redirected to must not reflect the challenge of the one before.
	exchanges []auth.Exchange
}

// A worker is what serves one portal after the other.
type worker struct {
	pool       *pool
	d          *Discoverer
	conn       *conn
	spareWatch *stopwatch.Watch // for the next work; nil: there is none
	parser     target.Parser
	text       func(pdu.Text) error // takes the text of the answer
	// name is the last of ours that was found usable, and unusual what keeps it
	// from being an iSCSI name.
	name, unusual string

	// Room for the usual choice, which is none.
	oneAddress [1]netip.AddrPort
	onePort    [1]ports.Port
}

// newAttempt returns an attempt for the portals of a worker.
func newAttempt(p *pool) *attempt {
	a := &attempt{worker: &worker{pool: p, d: p.d, conn: &conn{trace: p.d.Trace}}}
	a.conn.handOn = a.beforeRead
	a.parser = target.Parser{Into: a.into, Added: a.found, Warning: func(code, format string, args ...any) { a.warnings.add(WarningCode(code), format, args...) }}
	a.text = a.parser.Text
	return a
}

// close ends what would have served another portal.
func (a *attempt) close() { a.spareWatch.End() }

// reset makes a ready for another portal.
func (a *attempt) reset() {
	w := a.worker
	*a = attempt{}
	a.worker = w
}

// run discovers, and emits the result in any case.
func (a *attempt) run(ctx context.Context) {
	a.result.Asked = a.request.Portal
	a.result.InitiatorName = a.request.Name
	defer a.forget()
	if len(a.tried) == 0 { // else it is resumed
		a.comeTo(StageValidate)
	}
	err := a.discover(ctx)
	if !a.finished && !errors.Is(err, errStopped) {
		a.finish(err)
	}
}

// forget ends what was kept for the whole of the portal.
func (a *attempt) forget() {
	for _, x := range a.exchanges {
		x.Close()
	}
	a.dropTried()
}

// finish emits what was found last, and the result.
func (a *attempt) finish(err error) {
	a.finished = true
	a.endPhase(nil)
	a.comeTo(StageLogout)
	a.result.Elapsed, a.result.Phases = a.phases.since, a.phases.Phases
	a.result.Warnings = a.warnings.all()
	a.result.omitted = a.warnings.omitted
	if s := a.d.Stages; s != nil {
		s.Done.Add(1)
	}
	a.result.Err = err
	a.result.Complete = err == nil && a.result.LeftOut == 0
	b := a.open()
	b.result = a.result
	b.Result = &b.result
	_ = a.handOn()
}

// timed runs one piece of work within a limit.
func (a *attempt) timed(ctx context.Context, limit time.Duration, work func(ctx context.Context) error) error {
	a.watch, a.spareWatch = a.spareWatch, nil
	if a.watch == nil {
		a.watch = stopwatch.New(ctx, func(limit time.Duration) error { return &TimeoutError{Limit: limit} })
	}
	a.watch.Start(limit)
	err := work(a.watch.Ctx)
	if !a.finished {
		a.elapsed += a.watch.Used()
	}
	if a.watch.Stop() && !a.ctxShared {
		a.spareWatch = a.watch
	} else {
		a.watch.End()
	}
	a.watch, a.ctxShared = nil, false
	return err
}

// discover is the whole of it: what needs no network, then as many tries as the
// portal gets.
func (a *attempt) discover(ctx context.Context) error {
	if a.request.Err != nil {
		return a.request.Err
	}
	method, err := a.validate()
	if err != nil {
		return a.fail(at(StageValidate, err))
	}
	return a.withRetries(ctx, method)
}

// try asks the addresses of the portal, one after the other, until one logs in,
// each with its share of the time that is left.
func (a *attempt) try(ctx context.Context, method *auth.CHAP) error {
	addrs, err := a.addresses(ctx)
	if err != nil {
		return a.fail(at(StageResolve, err))
	}
	for i, addr := range addrs {
		left := a.d.timeout() - a.elapsed
		if left <= 0 && !a.resumed {
			return a.outOfTime(StageResolve, err)
		}
		if i > 0 {
			a.warnings.add(WarnEarlierAddress, "%s", err.Error())
		}
		if err = a.address(ctx, left/time.Duration(len(addrs)-i), addr, method); err == nil || a.ends(ctx, err) {
			return err
		}
	}
	return err
}

// outOfTime is the error of a portal whose time is over before all of its addresses and
// ports were tried: that of the one before, or, where there is none, that nothing was
// asked after a stage.
func (a *attempt) outOfTime(stage Stage, before error) error {
	if before != nil {
		return before
	}
	return a.fail(at(stage, &TimeoutError{Limit: a.d.timeout()}))
}

// sharesCtx reports that Dial, an Enforcer or a policy gets the context of the work that
// is under way. They may tie to its end what they do, so it has to end with the work.
func (a *attempt) sharesCtx() bool {
	return a.d.Dial != nil || a.d.Enforcer != nil || a.request.Policy != nil
}

// ends reports that another address or port is of no use after err.
func (a *attempt) ends(ctx context.Context, err error) bool {
	s := stageOf(err) // StageStore: a rule that cannot be read for this address
	return s >= StageDiscover && s != StageStore || ctx.Err() != nil || errors.Is(err, errStopped)
}

// address tries one address of the portal, from each port that may reach it,
// until one connects.
func (a *attempt) address(ctx context.Context, limit time.Duration, addr netip.AddrPort, method *auth.CHAP) error {
	before := a.elapsed
	a.startAnew()
	ports, err := a.ports(ctx, addr)
	if err != nil {
		return a.fail(err)
	}
	for i, from := range ports {
		left := limit - (a.elapsed - before)
		a.overtime = left <= 0
		switch {
		case left > 0:
		case a.resumed:
			left = replayTime
		default:
			return a.outOfTime(StageSelectPort, err)
		}
		err = a.timed(ctx, left/time.Duration(len(ports)-i), func(ctx context.Context) error {
			a.ctxShared = a.sharesCtx()
			return a.enter(ctx, from, addr, method)
		})
		if err == nil || stageOf(err) != StageConnect || a.ends(ctx, err) {
			return err
		}
		if both := (*CHAPFallbackError)(nil); errors.As(err, &both) {
			return err // this port did connect
		}
	}
	return err
}

// Validate checks all that can be checked before anything is sent, and returns
// the method to authenticate by; nil: none.
func (a *attempt) validate() (*auth.CHAP, error) {
	if err := a.checkName(a.request.Name); err != nil {
		return nil, err
	}
	if err := a.result.Asked.Validate(); err != nil {
		return nil, err
	}
	return a.d.CHAPOf(&a.request)
}
