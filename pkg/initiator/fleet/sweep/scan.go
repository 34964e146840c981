package sweep

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/etcd"
)

// A Scan asks the hosts of a fleet to scan.
type Scan struct {
	Client *clientv3.Client
	Keys   fleet.Keys
	Job    *fleet.Job // see fleet.Job.Check; its ID is new

	// TTL is after how long without a word from here the job ends, rounded up to seconds. 0:
	// DefaultTTL.
	TTL time.Duration

	// Progress is called from the loop over results when something has changed; nil: it is not
	// told.
	Progress func(Progress)
}

// A Progress is how far a scan is.
type Progress struct {
	Shards, Granted, Read int           // of the job; that were granted at least once; whose results were yielded
	Again                 int           // how often a shard was given to a host because the one before was gone
	Blamed                []fleet.Blame // hosts that were taken out; what they say is not to be trusted
}

// A Result is what was found in a shard.
type Result struct {
	Shard    int
	Host     string
	Findings []fleet.Finding
}

// An EndedError is a scan that ended before all its results were read.
type EndedError struct {
	Why          string
	Read, Shards int
}

func (e *EndedError) Error() string {
	return fmt.Sprintf("the shared scan ended after %d of %d shards: %s; ask for the rest again", e.Read, e.Shards, e.Why)
}

// Results runs the scan, and yields what was found in each shard once, in the order in which
// hosts complete them. An error is the last that it yields: a *fleet.RecordError for a job that
// cannot be, an *etcd.Error, or an *EndedError. When the loop over it ends, so does the scan.
func (s *Scan) Results(ctx context.Context) iter.Seq2[*Result, error] {
	return func(yield func(*Result, error) bool) {
		if err := s.Job.Check(); err != nil {
			yield(nil, err)
			return
		}
		ttl := s.TTL
		if ttl <= 0 {
			ttl = DefaultTTL
		}
		key := s.Keys.Job(s.Job.ID)
		l, living, err := begin(clientv3.WithRequireLeader(ctx), s.Client, ttl)
		if err != nil {
			yield(nil, explain(s.Client, "take a lease for a shared scan at", key, err))
			return
		}
		defer l.leave()
		r := &reading{Scan: s, life: l, total: s.Job.Shards(), done: map[int]marked{}, read: map[int]bool{}, granted: map[int]int{}, yield: yield}
		put, err := commit(living, s.Client, []clientv3.Cmp{clientv3.Compare(clientv3.CreateRevision(key), "=", 0)}, clientv3.OpPut(key, string(s.Job.Encode()), clientv3.WithLease(l.id)))
		switch {
		case err != nil:
			err = explain(s.Client, "ask for a shared scan at", key, err)
		case !put.Succeeded:
			err = fmt.Errorf("job %s is there already: give the scan another name", s.Job.ID)
		default:
			r.created = put.Header.Revision
			err = r.run(living)
		}
		if lease := (*LeaseError)(nil); errors.As(context.Cause(living), &lease) && err != nil {
			err = r.over(lease.Error())
		}
		if err != nil && !errors.Is(err, errStopped) {
			yield(nil, err)
		}
	}
}

// errStopped is a loop over results that the caller has left.
var errStopped = errors.New("nobody reads the results any more")

// A reading reads the results of a job.
type reading struct {
	*Scan
	life    *life
	created int64 // revision at which the job was
	total   int
	done    map[int]marked // not read yet
	order   []int          // of done, as it was marked
	read    map[int]bool
	granted map[int]int // how often a shard was granted
	blamed  []fleet.Blame
	again   int // grants beyond the first
	changed bool
	yield   func(*Result, error) bool
}

// A marked is a delivery that counts.
type marked struct {
	*fleet.Delivery // nil: it cannot be read
	revision        int64
}

func (r *reading) over(why string) error { return &EndedError{why, len(r.read), r.total} }

func (r *reading) run(ctx context.Context) error {
	r.changed = true
	for ctx.Err() == nil && len(r.read) < r.total {
		err := r.follow(ctx)
		if !errors.Is(err, rpctypes.ErrCompacted) {
			return err
		}
	}
	return ctx.Err()
}

// follow reads what there is of the job, and then what comes, until all is read.
func (r *reading) follow(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	prefix := r.Keys.Scan(r.Job.ID)
	clear(r.done)
	r.order, r.blamed = nil, nil
	revision, err := list(ctx, r.Client, prefix, clientv3.GetPrefixRangeEnd(prefix), 0, r.put)
	if err != nil {
		return explain(r.Client, "read a shared scan below", prefix, err)
	}
	watch := r.Client.Watch(ctx, prefix, clientv3.WithPrefix(), clientv3.WithRev(revision+1))
	for {
		if err := r.takeAll(ctx); err != nil || len(r.read) == r.total {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case w, open := <-watch:
			if err := etcd.WatchError(w, open); errors.Is(err, rpctypes.ErrCompacted) {
				return err
			} else if err != nil {
				return explain(r.Client, "watch a shared scan below", prefix, err)
			}
			for _, e := range w.Events {
				k := r.Keys.Parse(string(e.Kv.Key))
				switch {
				case e.Type == clientv3.EventTypePut:
					r.put(e.Kv)
				case k.Kind == fleet.KindJob:
					return r.over("its key in etcd is gone")
				case k.Kind == fleet.KindDone:
					delete(r.done, k.Shard)
				}
			}
		}
	}
}

// put takes a key that was written.
func (r *reading) put(kv *mvccpb.KeyValue) {
	r.changed = true
	switch k := r.Keys.Parse(string(kv.Key)); k.Kind {
	case fleet.KindGrant:
		if g, err := fleet.DecodeGrant(kv.Value); k.Shard < r.total && err == nil {
			r.again += max(0, g.Number-max(1, r.granted[k.Shard]))
			r.granted[k.Shard] = max(g.Number, r.granted[k.Shard])
		}
	case fleet.KindDone:
		if k.Shard < r.total && !r.read[k.Shard] {
			d, _ := fleet.DecodeDelivery(kv.Value)
			r.done[k.Shard] = marked{d, kv.ModRevision}
			r.order = append(r.order, k.Shard)
		}
	case fleet.KindBlame:
		if b, err := fleet.DecodeBlame(k.Host, kv.Value); err == nil && !slices.Contains(r.blamed, *b) {
			r.blamed = append(r.blamed, *b)
		}
	}
}

// takeAll reads the results that are marked.
func (r *reading) takeAll(ctx context.Context) error {
	for len(r.order) > 0 {
		r.tell()
		n := r.order[0]
		r.order = r.order[1:]
		if d, ok := r.done[n]; ok {
			delete(r.done, n)
			if err := r.take(ctx, n, d); err != nil {
				return err
			}
		}
	}
	r.tell()
	return nil
}

func (r *reading) tell() {
	if r.changed && r.Progress != nil {
		r.Progress(Progress{Shards: r.total, Granted: len(r.granted), Read: len(r.read), Again: r.again, Blamed: slices.Clone(r.blamed)})
	}
	r.changed = false
}
