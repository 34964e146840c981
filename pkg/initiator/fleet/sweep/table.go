package sweep

import (
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
)

// A table is what the Granter knows of jobs: what etcd has. Its jobs may have ended.
type table struct {
	*Granter
	jobs map[string]*job
}

// A job is one of which there is a key.
type job struct {
	id      string
	record  *fleet.Job // nil: it is not there, or cannot be read
	created int64      // revision at which it was; 0: it is not there
	shards  map[int]*granted
	offers  map[string]*offer
	blamed  map[string]time.Time // hosts, since when this Granter knows
	losses  map[string]loss      // by host
}

// A loss is how often a host was given shards, and its offer was gone before it had delivered
// one.
type loss struct {
	times int
	offer int64 // the last
}

// maxLosses is how often that may be: a host whose network is bad is given up late, and one
// that plays at some time.
const maxLosses = 8

// An offer is of a host.
type offer struct {
	*fleet.Offer
	created int64
}

// A granted is what became of a shard.
type granted struct {
	grant    *fleet.Grant // nil: it is not granted, or that cannot be read
	revision int64        // of the grant; 0: there is none
	since    time.Time    // when this Granter first saw the grant
	done     bool
	read     bool
	from     map[string]delivered // by host
}

// A delivered is what a host says that it has delivered.
type delivered struct {
	*fleet.Delivery // nil: it cannot be read
	revision        int64
}

// job returns a job, and makes it where it is not known.
func (t *table) job(id string) *job {
	j := t.jobs[id]
	if j == nil {
		j = &job{id: id, shards: map[int]*granted{}, offers: map[string]*offer{}, blamed: map[string]time.Time{}, losses: map[string]loss{}}
		t.jobs[id] = j
	}
	return j
}

func (j *job) shard(n int) *granted {
	s := j.shards[n]
	if s == nil {
		s = &granted{from: map[string]delivered{}}
		j.shards[n] = s
	}
	return s
}

// put takes a key that was written. What hosts write of a job of which nothing else is known
// is passed over: offers come after the job.
func (t *table) put(kv *mvccpb.KeyValue) {
	k := t.Keys.Parse(string(kv.Key))
	j := t.jobs[k.Job]
	switch k.Kind {
	case fleet.KindJob:
		j = t.job(k.Job)
		j.created = kv.CreateRevision
		j.record, _ = fleet.DecodeJob(k.Job, kv.Value) // what cannot be read is granted to nobody
	case fleet.KindGrant:
		s := t.job(k.Job).shard(k.Shard)
		if s.revision != kv.ModRevision {
			s.since = time.Now()
		}
		s.revision = kv.ModRevision
		s.grant, _ = fleet.DecodeGrant(kv.Value) // what cannot be read is replaced
	case fleet.KindDone:
		t.job(k.Job).shard(k.Shard).done = true
	case fleet.KindRead:
		t.job(k.Job).shard(k.Shard).read = true
	case fleet.KindBlame:
		if t.job(k.Job).blamed[k.Host].IsZero() {
			t.job(k.Job).blamed[k.Host] = time.Now()
		}
	case fleet.KindOffer:
		if j != nil {
			delete(j.offers, k.Host)
			if o, err := fleet.DecodeOffer(k.Host, kv.Value); err == nil {
				j.offers[k.Host] = &offer{o, kv.CreateRevision}
			}
		}
	case fleet.KindDelivery:
		if j != nil && j.record != nil && k.Shard < j.record.Shards() {
			d, _ := fleet.DecodeDelivery(kv.Value)
			j.shard(k.Shard).from[k.Host] = delivered{d, kv.ModRevision}
		}
	}
}

// remove takes a key that was removed.
func (t *table) remove(key string) {
	k := t.Keys.Parse(key)
	j := t.jobs[k.Job]
	if j == nil {
		return
	}
	switch k.Kind {
	case fleet.KindJob:
		j.record, j.created = nil, 0
	case fleet.KindGrant:
		s := j.shard(k.Shard)
		s.grant, s.revision = nil, 0
	case fleet.KindDone:
		j.shard(k.Shard).done = false
	case fleet.KindRead:
		j.shard(k.Shard).read = false
	case fleet.KindBlame:
		delete(j.blamed, k.Host)
	case fleet.KindOffer:
		delete(j.offers, k.Host)
	case fleet.KindDelivery:
		if s := j.shards[k.Shard]; s != nil {
			delete(s.from, k.Host)
		}
	}
}

// mayAsk reports whether the host of a grant may still be asking, or has results that who
// asks can read.
func (j *job) mayAsk(g *fleet.Grant, now time.Time) bool {
	since, blamed := j.blamed[g.Host]
	o := j.offers[g.Host]
	return o != nil && o.created == g.Offer && !(blamed && now.Sub(since) > blameGrace)
}
