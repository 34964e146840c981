package watch

import (
	"context"
	"iter"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
)

// askISNS asks iSNS servers. A source that cannot has no results.
func (w *watcher) askISNS(ctx context.Context, keys []initiator.Key) iter.Seq[initiator.Result] {
	if s, ok := w.source.(ISNSSource); ok {
		return s.AskISNS(ctx, keys)
	}
	return func(func(initiator.Result) bool) {}
}

// noticed has an iSNS server asked since a notice of it came. Nothing of the notice is
// believed but that.
func (w *watcher) noticed(k initiator.Key, now time.Time) {
	e := w.entries[keyOf(k, true)]
	if e == nil || e.removed {
		return
	}
	if e.prompt = true; e.run != nil {
		e.again = true
		return
	}
	w.hasten(e, now)
}

// hasten has an entry asked as soon as NoticeGap allows.
func (w *watcher) hasten(e *entry, now time.Time) {
	next := now
	if earliest := e.asked.Add(NoticeGap); !e.lastAttempt.IsZero() && earliest.After(now) {
		next = earliest
	}
	if e.queue == nil || !next.Before(e.next) {
		return
	}
	w.unschedule(e)
	e.next = next
	w.push(e)
}

// hold has an entry asked again where a notice came while it was being asked, or where a
// change that a notice was about is held until more answers agree.
func (w *watcher) hold(e *entry, now time.Time) {
	if e.prompt = e.again || e.prompt && len(e.answer.waiting) > 0; e.prompt {
		w.hasten(e, now)
	}
	e.again = false
}
