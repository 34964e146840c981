package registry

import (
	"context"
	"errors"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/change"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/internal/rowkey"
)

// ask runs a request and takes what came of it into the registry. stored says whether it is
// of an entry of the registry, which is e, or nil where it was not read.
func (s *Service) ask(ctx context.Context, key initiator.Key, j initiator.Request, e *readEntry, stored bool) initiator.Result {
	one := func(yield func(*initiator.Request) bool) { yield(&j) }
	r := initiator.Result{Asked: j.Portal, InitiatorName: j.Name, Err: &initiator.Error{Stage: initiator.StageValidate, Portal: j.Portal.Portal, Err: context.Cause(ctx)}}
	for r = range s.cfg.Discoverer.DiscoverRequests(ctx, one, 1) {
	}
	r.Stored = stored
	s.learn(ctx, []*learning{{key: key, result: &r, entry: e}})
	return r
}

// A learning takes a result into the registry: the targets of a portal that answered, and
// in the entry, if there is one, how it went.
type learning struct {
	key    initiator.Key // that the portal was asked by
	result *initiator.Result
	entry  *readEntry // of the key, as it is taken to be; nil: it is looked for

	now    time.Time
	last   LastResult      // for the entry, but for what follows from the one before
	digest []byte          // of the answer; nil: not made so far
	full   *merging        // nil: the answer was not held against the list of targets
	told   []change.Change // what differs from the answer before, as far as it is in the registry

	// unsure: the record of a target was not as it should have been by the index, so each
	// is read before it is written.
	unsure bool
}

// learn takes results into the registry, as many as it can at once. What is our own fault
// says nothing of the portal, and leaves how it went before. Secrets leave the results.
func (s *Service) learn(ctx context.Context, all []*learning) {
	g := group{Service: s, batch: s.newBatch()}
	// What was found is stored even if the caller has given up.
	uncancelled, cancel := outlasting(ctx)
	defer cancel()
	for _, l := range all {
		r := l.result
		r.Asked = initiator.WithoutSecrets(r.Asked)
		if ownFault(ctx, r.Err) {
			continue
		}
		l.now = s.now()
		l.last = newLastResult(r, l.now)
		g.add(uncancelled, l)
	}
	g.apply(uncancelled)
}

// maxOutlasting is how long a registry that another process has locked keeps a caller that
// has given up.
const maxOutlasting = 10 * time.Second

// outlasting returns a context that ends some time after ctx.
func outlasting(ctx context.Context) (context.Context, context.CancelFunc) {
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		t := time.NewTimer(maxOutlasting)
		defer t.Stop()
		select {
		case <-t.C:
			cancel()
		case <-longer.Done():
		}
	})
	return longer, func() { stop(); cancel() }
}

// A group is learnings that are applied at once.
type group struct {
	*Service
	batch *batch
	of    []*learning
}

// add takes a learning into the group. One that takes more than one batch is done at once.
func (g *group) add(ctx context.Context, l *learning) {
	changes, whole, err := g.first(ctx, l)
	switch {
	case err != nil:
		g.over(l, err)
		return
	case !whole:
		g.over(l, g.alone(ctx, l, changes))
		return
	case !g.batch.takes(changes):
		g.apply(ctx)
	}
	g.batch.add(changes)
	g.of = append(g.of, l)
}

// first returns the first changes of a learning, by the entry as it was when the portal was
// asked; whole: they are all.
func (g *group) first(ctx context.Context, l *learning) (changes []Change, whole bool, err error) {
	if l.entry == nil {
		if l.entry, err = g.readEntry(ctx, l.key); err != nil {
			return nil, false, err
		}
	}
	return g.next(ctx, l)
}

// apply applies what is in the group. Each is done by itself where another writer was ahead
// of one, or two are of the same portal.
func (g *group) apply(ctx context.Context) {
	err := g.cfg.Store.Apply(ctx, g.batch.changes...)
	var (
		conflict *ConflictError
		twice    *ChangeError
	)
	for _, l := range g.of {
		if errors.As(err, &conflict) || errors.As(err, &twice) {
			g.over(l, g.alone(ctx, l, nil))
		} else {
			g.over(l, err)
		}
	}
	g.batch, g.of = g.newBatch(), g.of[:0]
}

// over ends a learning, in which err came up, or nil.
func (g *group) over(l *learning, err error) {
	r := l.result
	if err != nil && r.Err == nil {
		r.Err = g.failed(l.key, storeError(err))
	}
	if r.Err == nil && l.full != nil {
		r.Changes = sortedChanges(append(l.told, l.full.told...))
	}
	l.full = nil
}

// alone makes all changes of a learning, in as many batches as it takes. The first batch is
// made already; nil: it is not.
func (s *Service) alone(ctx context.Context, l *learning, first []Change) error {
	if l.told = nil; first == nil {
		l.full = nil
	}
	for {
		whole := false
		err := retryConflicts(ctx, func() (err error) {
			changes := first
			if first = nil; changes == nil {
				if l.entry, err = s.readEntry(ctx, l.key); err != nil {
					return err
				}
				if changes, whole, err = s.next(ctx, l); err != nil {
					return err
				}
			}
			err = s.cfg.Store.Apply(ctx, changes...)
			if c := (*ConflictError)(nil); errors.As(err, &c) && c.Key != rowkey.OfEntry(l.key) {
				l.unsure = true
			}
			return err
		})
		if err != nil || whole {
			return err
		}
		l.told = append(l.told, l.full.told...)
		l.full.done = l.full.reached
	}
}

// next returns the next changes of a learning, which hold if nobody has changed the entry
// meanwhile; whole: they are the last.
func (s *Service) next(ctx context.Context, l *learning) (changes []Change, whole bool, err error) {
	e := l.entry
	switch {
	case l.result.Err != nil && e == nil:
		return nil, true, nil
	case l.result.Err != nil:
		return []Change{l.entryChange(e.Answer)}, true, nil
	case (l.full == nil || l.full.done == 0) && e != nil && e.Answer.says(l):
		l.full = nil
		same := *e.Answer
		same.Seen = l.now
		return []Change{l.entryChange(&same)}, true, nil
	case l.full == nil || l.full.done == 0:
		l.full, err = s.newMerging(ctx, l)
	default:
		l.full.meet(e)
	}
	if err != nil {
		return nil, false, err
	}
	return s.merge(ctx, l)
}

// entryChange returns the change of the entry: how it went, and what is kept of the answer.
func (l *learning) entryChange(a *answerRecord) Change {
	r := l.entry.portalRecord
	last := l.last.after(r.Last)
	r.Last, r.Answer = &last, a
	return Change{Key: rowkey.OfEntry(l.key), Version: l.entry.version, Value: encode(r)}
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
