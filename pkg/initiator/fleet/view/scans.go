package view

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
)

// MaxScans is how many shared scans a View has. More are passed over.
const MaxScans = 64

// A Scan is a shared scan that runs.
type Scan struct {
	ID      string
	Asker   string    // the program that asks, by its own word
	Started time.Time // by the clock of the program that asks
	Portals int
	Shards  int
	Read    int      // shards whose results the program that asks has
	Asking  int      // shards that hosts ask, or whose results are not read
	Hosts   []string // that were given a shard, in order
	Refused []string // that were taken out of it, in order
}

// scans are the jobs below scan/, by ID.
type scans map[string]*scanState

type scanState struct {
	job     *fleet.Job     // nil: it is not there
	granted map[int]string // hosts, by shard
	read    map[int]bool
	refused map[string]bool
}

// put takes a key of a shared scan. In a list of keys hosts that were taken out come before
// the job, and all else after it: what is of a job that is not there is passed over.
func (s scans) put(k fleet.Key, kv *mvccpb.KeyValue) error {
	switch k.Kind {
	case fleet.KindJob:
		job, err := fleet.DecodeJob(k.Job, kv.Value)
		if err != nil {
			delete(s, k.Job)
			return err
		}
		if one := s.state(k.Job); one != nil {
			one.job = job
		}
		return nil
	case fleet.KindBlame:
		if one := s.state(k.Job); one != nil && len(one.refused) < fleet.MaxShards {
			one.refused[k.Host] = true
		}
		return nil
	}
	one := s[k.Job]
	if one == nil || one.job == nil || k.Shard >= one.job.Shards() {
		return nil
	}
	if k.Kind == fleet.KindRead {
		one.read[k.Shard] = true
		return nil
	}
	g, err := fleet.DecodeGrant(kv.Value)
	if err == nil {
		one.granted[k.Shard] = g.Host
	}
	return err
}

// state returns what is known of a job; nil: there are too many. Where there are, those go
// of which the job is gone.
func (s scans) state(id string) *scanState {
	if s[id] == nil && len(s) >= MaxScans {
		maps.DeleteFunc(s, func(_ string, one *scanState) bool { return one.job == nil })
	}
	if s[id] == nil && len(s) < MaxScans {
		s[id] = &scanState{granted: map[int]string{}, read: map[int]bool{}, refused: map[string]bool{}}
	}
	return s[id]
}

// remove takes away a job with all that is of it.
func (s scans) remove(k fleet.Key) {
	if k.Kind == fleet.KindJob {
		delete(s, k.Job)
	}
}

// list returns the scans for a View, the oldest first.
func (s scans) list() (all []Scan) {
	for id, one := range s {
		if one.job == nil {
			continue
		}
		x := Scan{
			ID: id, Asker: one.job.Asker, Started: one.job.Started, Portals: one.job.Portals(), Shards: one.job.Shards(), Read: len(one.read),
			Refused: slices.Sorted(maps.Keys(one.refused)),
		}
		hosts := map[string]bool{}
		for n, h := range one.granted {
			hosts[h] = true
			if !one.read[n] {
				x.Asking++
			}
		}
		x.Hosts = slices.Sorted(maps.Keys(hosts))
		all = append(all, x)
	}
	slices.SortFunc(all, func(a, b Scan) int { return cmp.Or(a.Started.Compare(b.Started), cmp.Compare(a.ID, b.ID)) })
	return all
}
