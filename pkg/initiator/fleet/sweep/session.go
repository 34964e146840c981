package sweep

import (
	"context"
	"errors"
	"net/netip"
	"sync"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/etcd"
)

// A session is what a Worker does under one lease.
type session struct {
	*Worker
	life   *life
	jobs   map[string]*work
	failed map[string]bool // jobs that this host takes no part in any more
	due    bool            // offers are to be made
	ended  chan outcome
	asking sync.WaitGroup // goroutines that ask
}

// A work is a job that this host may take part in.
type work struct {
	job     *fleet.Job
	created int64 // revision at which the job was
	allowed []netip.Prefix
	offer   int64 // revision at which the offer was made; 0: it is not
	shards  map[int]*shard
	blamed  bool
}

// A shard is one that was given to this host, until who asks has its results.
type shard struct {
	cancel context.CancelFunc
	number int
	over   chan struct{} // closed when nothing is asked any more
}

// An outcome is how a shard ended.
type outcome struct {
	job   string
	shard *shard
	err   error // nil: it is delivered, or the job ended
}

// run returns why the session ended.
func (s *session) run(ctx context.Context) error {
	prefix := s.cfg.Keys.Scans()
	var there []*mvccpb.KeyValue
	revision, err := list(ctx, s.cfg.Client, prefix, clientv3.GetPrefixRangeEnd(prefix), 0, func(kv *mvccpb.KeyValue) { there = append(there, kv) })
	if err != nil {
		return explain(s.cfg.Client, "read shared scans below", prefix, err)
	}
	s.report(func(st *State) { st.Connected, st.Err = true, nil })
	for _, isJob := range []bool{true, false} { // what is of a job has a meaning once the job is known
		for _, kv := range there {
			if (s.cfg.Keys.Parse(string(kv.Key)).Kind == fleet.KindJob) == isJob {
				s.put(ctx, kv)
			}
		}
	}
	watch := s.cfg.Client.Watch(ctx, prefix, clientv3.WithPrefix(), clientv3.WithRev(revision+1))
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	s.due = true
	for {
		if s.due {
			if err := s.offer(ctx); err != nil {
				return err
			}
		}
		s.due = false
		s.tell()
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
			s.due = true // an offer that could not be made is tried again
		case o := <-s.ended:
			if o.err != nil && ctx.Err() == nil {
				s.report(func(st *State) { st.Err = o.err })
				s.withdraw(ctx, o.job)
			}
		case r, open := <-watch:
			if err := etcd.WatchError(r, open); err != nil {
				return explain(s.cfg.Client, "watch shared scans below", prefix, err)
			}
			for _, e := range r.Events {
				if e.Type == clientv3.EventTypePut {
					s.put(ctx, e.Kv)
				} else {
					s.remove(ctx, string(e.Kv.Key))
				}
			}
		}
	}
}

// tell reports how many jobs and shards there are.
func (s *session) tell() {
	jobs, shards := 0, 0
	for _, w := range s.jobs {
		if w.offer != 0 {
			jobs++
		}
		shards += len(w.shards)
	}
	s.report(func(st *State) { st.Jobs, st.Shards = jobs, shards })
}

// put takes a key that was written.
func (s *session) put(ctx context.Context, kv *mvccpb.KeyValue) {
	k := s.cfg.Keys.Parse(string(kv.Key))
	w := s.jobs[k.Job]
	switch {
	case k.Kind == fleet.KindJob:
		s.consider(ctx, k.Job, kv)
	case w == nil:
	case k.Kind == fleet.KindGrant:
		s.granted(ctx, w, k.Shard, kv)
	case k.Kind == fleet.KindRead:
		s.forget(ctx, w, k.Shard)
	case k.Kind == fleet.KindBlame && k.Host == s.cfg.Name:
		w.blamed = true
		s.withdraw(ctx, k.Job)
	}
}

// remove takes a key that was removed.
func (s *session) remove(ctx context.Context, key string) {
	k := s.cfg.Keys.Parse(key)
	w := s.jobs[k.Job]
	switch {
	case w == nil:
	case k.Kind == fleet.KindJob:
		s.withdraw(ctx, k.Job)
		delete(s.jobs, k.Job)
		delete(s.failed, k.Job)
	case k.Kind == fleet.KindGrant:
		s.halt(w, k.Shard)
	}
}

// consider takes a job into account, if it is one of which this host may scan something.
func (s *session) consider(ctx context.Context, id string, kv *mvccpb.KeyValue) {
	if w := s.jobs[id]; w != nil {
		if w.created == kv.CreateRevision && kv.Version > 1 {
			s.withdraw(ctx, id) // it was changed, and no honest one is
		}
		return
	}
	job, err := fleet.DecodeJob(id, kv.Value)
	if err != nil || s.failed[id] {
		return // the Scan sees that no host takes part
	}
	w := &work{job: job, created: kv.CreateRevision, shards: map[int]*shard{}}
	for _, p := range s.cfg.Allow {
		for _, r := range job.Ranges {
			if r.Overlaps(p) {
				w.allowed = append(w.allowed, p)
				break
			}
		}
	}
	if len(w.allowed) > 0 && len(s.jobs) < 16*MaxJobs {
		s.jobs[id], s.due = w, true
	}
}

// offer offers to take part in jobs. Where an offer is there that is not of this session, it
// is of one before, or of another process, and nothing is asked until it is gone.
func (s *session) offer(ctx context.Context) error {
	offered := 0
	for _, w := range s.jobs {
		if w.offer != 0 {
			offered++
		}
	}
	for id, w := range s.jobs {
		if w.offer != 0 || w.blamed || s.failed[id] || offered >= MaxJobs {
			continue
		}
		key := s.cfg.Keys.Offer(s.cfg.Name, id)
		o := fleet.Offer{Host: s.cfg.Name, Capacity: s.cfg.Capacity, Allowed: w.allowed}
		done, err := commit(ctx, s.cfg.Client, []clientv3.Cmp{
			clientv3.Compare(clientv3.CreateRevision(key), "=", 0),
			clientv3.Compare(clientv3.CreateRevision(s.cfg.Keys.Job(id)), "=", w.created),
		}, clientv3.OpPut(key, string(o.Encode()), clientv3.WithLease(s.life.id)))
		if err != nil {
			return explain(s.cfg.Client, "offer to take part in a shared scan at", key, err)
		}
		if done.Succeeded {
			w.offer = done.Header.Revision
			offered++
		}
	}
	return nil
}

// granted takes a grant: of this host's offer, or of another's.
func (s *session) granted(ctx context.Context, w *work, number int, kv *mvccpb.KeyValue) {
	g, err := fleet.DecodeGrant(kv.Value)
	isOurs := err == nil && g.Host == s.cfg.Name && g.Offer == w.offer && w.offer != 0
	if was := w.shards[number]; was != nil {
		if isOurs && was.number == g.Number {
			return
		}
		s.halt(w, number)
	}
	part, ok := w.job.Shard(number)
	if !isOurs || !ok {
		return
	}
	if !part.Within(w.allowed) {
		s.report(func(st *State) {
			st.Err = errors.New("the leader gave this host a shard of addresses that it does not allow: none of them is asked")
		})
		s.withdraw(ctx, w.job.ID)
		return
	}
	asking, cancel := context.WithCancel(ctx)
	one := &shard{cancel: cancel, number: g.Number, over: make(chan struct{})}
	w.shards[number] = one
	d := &delivery{session: s, work: w, number: number, part: part, grant: g, revision: kv.ModRevision}
	s.asking.Go(func() {
		err := d.run(asking)
		close(one.over)
		select {
		case s.ended <- outcome{w.job.ID, one, err}:
		case <-asking.Done():
		}
	})
}

// halt stops asking a shard, and returns when nothing of it is asked any more.
func (s *session) halt(w *work, number int) {
	if one := w.shards[number]; one != nil {
		one.cancel()
		<-one.over
		delete(w.shards, number)
	}
}

// forget removes what was found in a shard, since who asks has it.
func (s *session) forget(ctx context.Context, w *work, number int) {
	if w.shards[number] == nil {
		return
	}
	s.halt(w, number)
	s.clear(ctx, w, s.cfg.Keys.Results(s.cfg.Name, w.job.ID, number))
}

// withdraw takes no part in a job any more: nothing of it is asked when the offer goes.
func (s *session) withdraw(ctx context.Context, id string) {
	w := s.jobs[id]
	if w == nil {
		return
	}
	s.failed[id] = true
	for _, one := range w.shards {
		one.cancel()
	}
	for number := range w.shards {
		s.halt(w, number)
	}
	if w.offer != 0 {
		s.clear(ctx, w, s.cfg.Keys.HostScan(s.cfg.Name, id))
		w.offer = 0
	}
}

// clear removes keys that this session wrote. Where that fails they go with its lease.
func (s *session) clear(ctx context.Context, w *work, prefix string) {
	_, _ = commit(ctx, s.cfg.Client, []clientv3.Cmp{s.fence(w)}, clientv3.OpDelete(prefix, clientv3.WithPrefix()))
}

// fence is the condition of what a session writes for a job: its offer is there.
func (s *session) fence(w *work) clientv3.Cmp {
	return clientv3.Compare(clientv3.CreateRevision(s.cfg.Keys.Offer(s.cfg.Name, w.job.ID)), "=", w.offer)
}

// stop returns when nothing is asked any more. The context of the session has ended.
func (s *session) stop() { s.asking.Wait() }

// explain returns the *etcd.Error for what failed; nil stays nil.
func explain(client *clientv3.Client, what, key string, err error) error {
	return etcd.ExplainFrom(client, what, key, err)
}
