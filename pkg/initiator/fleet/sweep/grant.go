package sweep

import (
	"cmp"
	"context"
	"fmt"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
)

// act does what can be done now. A write whose conditions do not hold any more is left to
// when the change that was in its way is seen.
func (t *table) act(ctx context.Context) error {
	now := time.Now()
	for _, j := range t.jobs {
		var err error
		switch {
		case j.created == 0:
			err = t.clear(ctx, j)
		case j.record != nil:
			err = t.serve(ctx, j, now)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// clear removes what is left of a job that ended.
func (t *table) clear(ctx context.Context, j *job) error {
	done, err := commit(ctx, t.Client, []clientv3.Cmp{t.Fence, clientv3.Compare(clientv3.CreateRevision(t.Keys.Job(j.id)), "=", 0)},
		clientv3.OpDelete(t.Keys.Scan(j.id), clientv3.WithPrefix()))
	if err != nil {
		return explain(t.Client, "remove what is left of a shared scan below", t.Keys.Scan(j.id), err)
	}
	if done.Succeeded {
		delete(t.jobs, j.id)
	}
	return nil
}

// serve says which results count, takes hosts out of the job that take too long or deliver
// what they cannot have, and grants shards that nobody asks.
func (t *table) serve(ctx context.Context, j *job, now time.Time) error {
	load := map[string]int{} // shards that were granted to a host and not read
	var free []int
	for n := range j.record.Shards() {
		s := j.shards[n]
		switch {
		case s == nil || s.grant == nil && !s.read:
			free = append(free, n)
			continue
		case s.read:
			continue
		case !j.mayAsk(s.grant, now):
			free = append(free, n)
			continue
		}
		load[s.grant.Host]++
		if !s.done {
			if err := t.check(ctx, j, n, s, now); err != nil {
				return err
			}
		}
	}
	for _, n := range free {
		host, ok := j.pick(n, load)
		if !ok {
			continue
		}
		if err := t.grant(ctx, j, n, host); err != nil {
			return err
		}
		load[host]++
	}
	return nil
}

// check looks at a shard that a host asks.
func (t *table) check(ctx context.Context, j *job, n int, s *granted, now time.Time) error {
	host := s.grant.Host
	if _, blamed := j.blamed[host]; blamed {
		return nil
	}
	part, _ := j.record.Shard(n)
	d, ok := s.from[host]
	switch {
	case ok && d.Delivery == nil, ok && (d.Host != host || s.isOf(d) && d.Found != part.Count()):
		return t.blame(ctx, j, host, fmt.Sprintf("it says that it delivered what cannot be of shard %d", n))
	case ok && s.isOf(d):
		return t.mark(ctx, j, n, s, d)
	case now.Sub(s.since).Seconds() > j.record.ShardTime:
		return t.blame(ctx, j, host, fmt.Sprintf("it did not deliver shard %d within %g s", n, j.record.ShardTime))
	}
	return nil
}

// isOf reports whether something was delivered for the grant that holds now.
func (s *granted) isOf(d delivered) bool {
	return d.Number == s.grant.Number && d.Offer == s.grant.Offer
}

// conditions are those of each write for a job.
func (t *table) conditions(j *job, more ...clientv3.Cmp) []clientv3.Cmp {
	return append(more, t.Fence, clientv3.Compare(clientv3.CreateRevision(t.Keys.Job(j.id)), "=", j.created))
}

// mark says that what a host delivered counts.
func (t *table) mark(ctx context.Context, j *job, n int, s *granted, d delivered) error {
	key := t.Keys.Done(j.id, n)
	done, err := commit(ctx, t.Client, t.conditions(j,
		clientv3.Compare(clientv3.ModRevision(t.Keys.Grant(j.id, n)), "=", s.revision),
		clientv3.Compare(clientv3.ModRevision(t.Keys.Delivered(d.Host, j.id, n)), "=", d.revision),
		clientv3.Compare(clientv3.CreateRevision(t.Keys.Blame(j.id, d.Host)), "=", 0),
		clientv3.Compare(clientv3.CreateRevision(key), "=", 0),
	), clientv3.OpPut(key, string(d.Encode())))
	if err != nil {
		return explain(t.Client, "say whose results count at", key, err)
	}
	if done.Succeeded {
		s.done = true
		delete(j.losses, d.Host)
	}
	return nil
}

// blame takes a host out of a job.
func (t *table) blame(ctx context.Context, j *job, host, why string) error {
	key := t.Keys.Blame(j.id, host)
	b := fleet.Blame{Host: host, Why: why}
	done, err := commit(ctx, t.Client, t.conditions(j), clientv3.OpPut(key, string(b.Encode())))
	if err != nil {
		return explain(t.Client, "take a host out of a shared scan at", key, err)
	}
	if done.Succeeded {
		j.blamed[host] = time.Now()
	}
	return nil
}

// pick returns the host that may be given a shard: of those that lost fewest the one with the
// most room.
func (j *job) pick(n int, load map[string]int) (host string, ok bool) {
	part, _ := j.record.Shard(n)
	for name, o := range j.offers {
		_, blamed := j.blamed[name]
		if room := o.Capacity - load[name]; blamed || room <= 0 || !part.Within(o.Allowed) {
			continue
		}
		if !ok || j.before(name, host, load) {
			host, ok = name, true
		}
	}
	return host, ok
}

// before reports whether a is rather given a shard than b; both offer to take it.
func (j *job) before(a, b string, load map[string]int) bool {
	room := func(name string) int { return j.offers[name].Capacity - load[name] }
	return cmp.Or(cmp.Compare(j.losses[a].times, j.losses[b].times), cmp.Compare(room(b), room(a)), cmp.Compare(a, b)) < 0
}

// grant gives a shard to a host. The one that had it is gone then.
func (t *table) grant(ctx context.Context, j *job, n int, host string) error {
	s, key := j.shard(n), t.Keys.Grant(j.id, n)
	g := &fleet.Grant{Host: host, Offer: j.offers[host].created, Number: 1}
	conditions := t.conditions(j,
		clientv3.Compare(clientv3.ModRevision(key), "=", s.revision),
		clientv3.Compare(clientv3.CreateRevision(t.Keys.Read(j.id, n)), "=", 0),
		clientv3.Compare(clientv3.CreateRevision(t.Keys.Offer(host, j.id)), "=", g.Offer))
	if was := s.grant; was != nil {
		g.Number = was.Number + 1
		if _, blamed := j.blamed[was.Host]; !blamed {
			conditions = append(conditions, clientv3.Compare(clientv3.CreateRevision(t.Keys.Offer(was.Host, j.id)), "!=", was.Offer))
		}
	}
	done, err := commit(ctx, t.Client, conditions, clientv3.OpPut(key, string(g.Encode())), clientv3.OpDelete(t.Keys.Done(j.id, n)))
	if err != nil {
		return explain(t.Client, "grant a shard at", key, err)
	}
	if !done.Succeeded {
		return nil
	}
	was := s.grant
	s.grant, s.revision, s.since, s.done = g, done.Header.Revision, time.Now(), false
	if was == nil {
		return nil
	}
	return t.lost(ctx, j, was)
}

// lost notes that the offer of a host went before it had delivered what it was given, and takes
// a host out of the job of which that is always so: it would be given shards for ever.
func (t *table) lost(ctx context.Context, j *job, was *fleet.Grant) error {
	l := j.losses[was.Host]
	if _, blamed := j.blamed[was.Host]; blamed || l.offer == was.Offer {
		return nil
	}
	j.losses[was.Host] = loss{l.times + 1, was.Offer}
	if l.times < maxLosses {
		return nil
	}
	return t.blame(ctx, j, was.Host, fmt.Sprintf("it took its offer back %d times, and delivered nothing of what it was given", l.times+1))
}
