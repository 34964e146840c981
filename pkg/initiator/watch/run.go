package watch

import (
	"context"
	"iter"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

// Run asks what a source lists, again and again, and yields what changes. Each entry is
// asked on its own schedule, see Config; an entry that fails is asked less often. It is
// compared with the last answer that this watch has seen, or, at the beginning, with the
// one that the source knows: what others write into a registry meanwhile does not count,
// so each of two watches of one registry tells each change.
//
// When ctx ends, no further attempts begin, and those under way have EndGrace to end as
// they would, with their logouts; what they find is told. Leaving the loop cancels
// all that is under way and waits for it: no goroutine stays behind. While the loop body
// runs, results wait and no further attempts begin.
func Run(ctx context.Context, s Source, cfg Config) iter.Seq[Event] {
	return func(yield func(Event) bool) {
		asking, cancel := context.WithCancel(context.WithoutCancel(ctx))
		w := &watcher{
			ctx: ctx, asking: asking, cancel: cancel, source: s, cfg: cfg.withDefaults(), yield: yield,
			entries: make(map[entryKey]*entry), portals: make(map[portalKey][]*entry),
			healthy: queue{free: maxRuns / 2}, failing: queue{free: maxRuns / 2}, servers: queue{free: maxServerRuns},
			news: make(chan news),
		}
		w.answers.limit = w.cfg.MaxRemembered
		defer w.drain()
		defer cancel()
		w.loop()
	}
}

// maxRuns is how many calls of Source.Ask may be under way at once: half of them are for
// entries that fail, so that their timeouts do not delay the others.
const maxRuns = 16

// maxServerRuns is how many calls of ISNSSource.AskISNS may be under way at once.
const maxServerRuns = 8

// A watcher is one run. All but news is used by the goroutine of the loop alone.
type watcher struct {
	ctx    context.Context
	asking context.Context // of attempts: it ends later
	cancel func()          // ends it
	source Source
	cfg    Config
	yield  func(Event) bool
	left   bool // the consumer has left the loop
	seq    uint64

	entries map[entryKey]*entry
	portals map[portalKey][]*entry
	answers answers

	healthy, failing queue     // of portals
	servers          queue     // iSNS servers
	lastRun          time.Time // when the last attempts at portals began

	listing  bool      // the list is being read
	again    bool      // and is to be read again after that
	nextList time.Time // when it is read next
	begun    bool      // it was read once
	round    int       // counts how often it was read
	listed   int       // counts the entries that were in it
	broken   bool      // it could not be read, and the consumer was told

	news  chan news
	under int // goroutines that send news
}

// A news is what a goroutine of a watch reports. One with neither result nor list is the
// last of a run.
type news struct {
	run    *run
	result *initiator.Result
	list   *list
}

// A run is one call of Source.Ask.
type run struct {
	queue   *queue
	entries []*entry
}

// loop goes on until ctx has ended and nothing is under way, or the consumer has left.
func (w *watcher) loop() {
	done, reload, notices := w.ctx.Done(), w.cfg.Reload, w.cfg.Notices
	timer := time.NewTimer(0)
	defer timer.Stop()
	w.nextList = time.Now()
	for !w.left {
		if done == nil && w.under == 0 {
			return
		}
		select {
		case n := <-w.news:
			w.take(n)
		case _, open := <-reload:
			if !open {
				reload = nil
			}
			w.again = w.listing
			w.nextList = time.Now()
		case k, open := <-notices:
			if !open {
				notices = nil
			}
			w.noticed(k, time.Now())
		case <-timer.C:
		case <-done:
			done, reload, notices = nil, nil, nil
			defer time.AfterFunc(EndGrace, w.cancel).Stop()
		}
		if done == nil || w.ctx.Err() != nil {
			timer.Stop()
			continue
		}
		timer.Reset(time.Until(w.begin(time.Now())))
	}
}

// take takes what a goroutine reports.
func (w *watcher) take(n news) {
	switch {
	case n.list != nil:
		w.under--
		w.listing = false
		w.relist(n.list)
	case n.result != nil:
		w.result(n.run, n.result)
	default:
		w.under--
		w.over(n.run)
	}
}

// drain waits until no goroutine is under way. What they report does not count any more.
func (w *watcher) drain() {
	for w.under > 0 {
		if n := <-w.news; n.result == nil {
			w.under--
		}
	}
}

// begin begins what is due, and returns when there is more to begin.
func (w *watcher) begin(now time.Time) (next time.Time) {
	if !w.listing && !now.Before(w.nextList) {
		w.readList()
		w.nextList = now.Add(w.cfg.Every)
	}
	next = w.nextList
	tick := min(max(w.cfg.Every/60, minTick), maxTick)
	free := !now.Before(w.lastRun.Add(tick))
	for _, q := range []*queue{&w.healthy, &w.failing} {
		if free && w.ask(q, now) {
			w.lastRun = now
		}
		if due, ok := q.next(); ok {
			if earliest := w.lastRun.Add(tick); due.Before(earliest) {
				due = earliest
			}
			if due.Before(next) {
				next = due
			}
		}
	}
	w.ask(&w.servers, now)
	if due, ok := w.servers.next(); ok && due.Before(next) {
		next = due
	}
	return next
}

// What is due within a tick, which is a share of the interval, is asked together.
const (
	minTick = 50 * time.Millisecond
	maxTick = time.Second
)

// ask asks what is due in a queue, and reports whether there was anything.
func (w *watcher) ask(q *queue, now time.Time) bool {
	r := &run{queue: q, entries: q.take(now)}
	if len(r.entries) == 0 {
		return false
	}
	keys := make([]initiator.Key, len(r.entries))
	for i, e := range r.entries {
		e.run, e.asked, e.late = r, now, now.Sub(e.next)
		keys[i] = e.key
	}
	q.free--
	w.under++
	asked := w.source.Ask
	if q == &w.servers {
		asked = w.askISNS
	}
	go func() {
		for result := range asked(w.asking, keys) {
			w.news <- news{run: r, result: &result}
		}
		w.news <- news{run: r}
	}()
	return true
}

// result takes the result of an entry.
func (w *watcher) result(r *run, result *initiator.Result) {
	e := w.entries[keyOf(result.Asked.Key(), r.queue == &w.servers)]
	if e == nil || e.run != r {
		return
	}
	e.run = nil
	switch {
	case e.removed:
		delete(w.entries, e.id)
	case e.replaced: // removed and added meanwhile: this result was of before
		e.replaced = false
		w.schedule(e, time.Now(), 0)
	default:
		w.attempt(e, result)
	}
}

// over ends a run. Entries without a result, as when ctx has ended, are asked again in
// their next interval.
func (w *watcher) over(r *run) {
	r.queue.free++
	now := time.Now()
	for _, e := range r.entries {
		if e.run != r {
			continue
		}
		e.run, e.replaced = nil, false
		if e.removed {
			delete(w.entries, e.id)
			continue
		}
		w.schedule(e, now, w.interval(e))
	}
}

// tell yields an event, of an entry or, where e is nil, of none.
func (w *watcher) tell(e *entry, event Event) {
	if w.left {
		return
	}
	w.seq++
	event.Seq, event.Time = w.seq, w.cfg.Clock()
	if e != nil {
		event.Key, event.ISNS, event.SymbolicName, event.Source, event.InitiatorPort = e.key, e.id.portal.isns, e.symbolic, e.source, e.port
		if event.Type != Snapshot {
			e.lastChange = event.clone()
		}
	}
	w.left = !w.yield(event)
}

// report calls Config.Observe and Config.Report.
func (w *watcher) report(e *entry, last *initiator.Result) {
	if w.cfg.Report == nil && w.cfg.Observe == nil || w.left {
		return
	}
	s := e.state(w.cfg.Clock(), time.Now())
	var targets []target.Target
	if s.Last = last; last != nil {
		if last.Err == nil {
			targets = last.Targets
		}
		last.Targets, last.Changes = nil, nil
	}
	if w.cfg.Observe != nil && (e.removed || last != nil && !ownFault(last.Err)) {
		w.cfg.Observe(&s, targets)
	}
	if w.cfg.Report != nil {
		w.cfg.Report(&s)
	}
}
