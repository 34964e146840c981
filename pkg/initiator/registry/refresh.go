package registry

import (
	"context"
	"errors"
	"iter"
	"sync"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/internal/gather"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/internal/rowkey"
)

// Results are taken into the registry in groups: those that are there when the one before
// is on the disk, up to groupResults, and as long as they have no more than groupTargets.
const (
	groupResults = 256
	groupTargets = 16 << 10
)

// groups yields results in groups.
func groups(results iter.Seq[initiator.Result]) iter.Seq[[]initiator.Result] {
	return gather.Groups(results, groupResults, groupTargets, func(r *initiator.Result) int { return len(r.Targets) })
}

// RefreshAll asks all portals of the registry, many at once, and yields a result
// for each, in the order of the registry. Those that were not begun when ctx ended have
// one that says so. A result without a portal is the registry's failure, and the last.
func (s *Service) RefreshAll(ctx context.Context) iter.Seq[initiator.Result] {
	return func(yield func(initiator.Result) bool) {
		under, err := s.underRules(ctx, true)
		if err != nil {
			s.unasked(ctx, "", err, yield)
			return
		}
		broken := make(chan error, 1) // of the registry, while it was read; that may go on when the loop has ended
		var asked begunList
		requests := func(yield func(*initiator.Request) bool) {
			for r, err := range s.cfg.Store.List(ctx, rowkey.Portal) {
				if err != nil {
					broken <- storeError(err)
					return
				}
				j, e := under.request(ctx, r, under.rules.ports)
				if asked.put(&begun{key: j.Portal.Key(), entry: e, listed: true}); !yield(&j) {
					return
				}
			}
		}
		last := "" // record that was asked
		for group := range groups(s.cfg.Discoverer.DiscoverRequests(ctx, requests, 0)) {
			s.learnBegun(ctx, group, &asked)
			for i := range group {
				last = rowkey.OfEntry(group[i].Asked.Key())
				if !yield(group[i]) {
					return
				}
			}
		}
		if ctx.Err() != nil {
			s.unasked(ctx, last, context.Cause(ctx), yield)
			return
		}
		select {
		case err := <-broken:
			yield(initiator.Result{Err: err})
		default:
		}
	}
}

// unasked yields a result with err for each entry of the registry behind a record. What
// is in the registry is read even if ctx has ended.
func (s *Service) unasked(ctx context.Context, after string, err error, yield func(initiator.Result) bool) {
	for r, broken := range s.cfg.Store.List(context.WithoutCancel(ctx), rowkey.Portal) {
		if broken != nil {
			yield(initiator.Result{Err: storeError(broken)})
			return
		}
		if r.Key <= after {
			continue
		}
		var p initiator.SendTargetPortal
		var stored portalRecord
		if decode(r, &stored) == nil {
			p = stored.portal()
		} else {
			p, _ = unreadable(r, err)
		}
		why := err
		if e := (*initiator.Error)(nil); errors.As(err, &e) {
			one := *e // each result has its portal in it
			why = &one
		}
		result, _ := refusedResult(p, why)
		result.Stored = true
		if !yield(result) {
			return
		}
	}
}

// Refresh is RefreshSendTargetPortal for several portals, many at once. It yields a
// result for each, in the order of the keys; all results that wait for their turn
// share what the Discoverer's MaxHeld allows.
func (s *Service) Refresh(ctx context.Context, keys []initiator.Key) iter.Seq[initiator.Result] {
	return s.refresh(ctx, keys, s.cfg.Discoverer.DiscoverRequests)
}

// A discoverFunc asks portals: DiscoverRequests of a Discoverer, or what yields the results
// in another order.
type discoverFunc func(ctx context.Context, requests iter.Seq[*initiator.Request], parallel int) iter.Seq[initiator.Result]

// refresh yields a result for each key, in the order of discover.
func (s *Service) refresh(ctx context.Context, keys []initiator.Key, discover discoverFunc) iter.Seq[initiator.Result] {
	return func(yield func(initiator.Result) bool) {
		under, unread := s.underRules(ctx, true)
		begin := func(i int) (initiator.Request, *begun) { return begin(ctx, under, keys[i], unread) }
		s.askBegun(ctx, keys, begin, discover, yield)
	}
}

// askBegun asks the portals of keys by the requests that begin makes of them, each when its
// turn comes, and yields what refresh does. Where ctx ends, those that were not begun come
// last.
func (s *Service) askBegun(ctx context.Context, keys []initiator.Key, begin func(i int) (initiator.Request, *begun), discover discoverFunc, yield func(initiator.Result) bool) {
	var asked begunList
	requests := func(yield func(*initiator.Request) bool) {
		for i := range keys {
			j, b := begin(i)
			b.index = i
			if asked.put(b); !yield(&j) {
				return
			}
		}
	}
	done := make([]bool, len(keys))
	for group := range groups(discover(ctx, requests, 0)) {
		for _, i := range s.learnBegun(ctx, group, &asked) {
			done[i] = true
		}
		for i := range group {
			if !yield(group[i]) {
				return
			}
		}
	}
	for i, key := range keys {
		if done[i] {
			continue
		}
		// ctx has ended.
		r, _ := refusedResult(initiator.SendTargetPortal{Instance: key.Instance, Port: key.Port, Portal: key.Portal}, context.Cause(ctx))
		if !yield(r) {
			return
		}
	}
}

// begin makes the request of a key. unread is why the rules could not be read; nil: they
// were.
func begin(ctx context.Context, under *Service, key initiator.Key, unread error) (j initiator.Request, b *begun) {
	b = &begun{}
	err := unread
	if err == nil {
		j, b.entry, b.listed, err = under.entry(ctx, key, true)
	}
	if err != nil {
		r, err := refusedResult(initiator.SendTargetPortal{Instance: key.Instance, Port: key.Port, Portal: key.Portal}, err)
		j, b.refused = initiator.Request{Portal: r.Asked, Err: err}, true
	}
	b.key = j.Portal.Key()
	return j, b
}

// learnBegun takes a group of results into the registry, and returns the indexes of their
// requests.
func (s *Service) learnBegun(ctx context.Context, group []initiator.Result, asked *begunList) (indexes []int) {
	all := make([]*learning, 0, len(group))
	for i := range group {
		r := &group[i]
		b := asked.take(r.Asked.Key())
		indexes = append(indexes, b.index)
		if b.refused {
			continue
		}
		r.Stored = b.listed
		all = append(all, &learning{key: b.key, result: r, entry: b.entry})
	}
	s.learn(ctx, all)
	return indexes
}

// A begun is what is to be known of a request when its result comes.
type begun struct {
	key     initiator.Key
	index   int        // of the request
	entry   *readEntry // as it was then; nil: there was none, or it could not be read
	listed  bool
	refused bool // it was not asked
}

// A begunList has what is begun, by key. Requests of one key are as good as each other, but
// for their index. The zero value is empty and ready to use.
type begunList struct {
	mu  sync.Mutex // guards what follows
	all map[initiator.Key][]*begun
}

func (l *begunList) put(b *begun) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.all == nil {
		l.all = make(map[initiator.Key][]*begun)
	}
	l.all[b.key] = append(l.all[b.key], b)
}

// take returns the first of a key, and removes it.
func (l *begunList) take(key initiator.Key) *begun {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := l.all[key]
	if len(all) == 1 {
		delete(l.all, key)
	} else {
		l.all[key] = all[1:]
	}
	return all[0]
}

// Start asks all portals and iSNS servers of the registry, as the reference API's service does
// when it starts. Where some do not answer, the error has the code
// isdsc.OperationNotAllSuccess; the last result of each is in the registry.
func (s *Service) Start(ctx context.Context) error {
	for _, err := range s.Targets(ctx, true) {
		if err != nil {
			return err
		}
	}
	return nil
}
