package sweep

import (
	"context"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
)

// A Survey is who could take part in a scan at a moment.
type Survey struct {
	Leader string                  // the host that grants shards; empty: no host leads the fleet
	Hosts  int                     // hosts that are there; those that the leader has not seen yet are not counted
	Offers map[string]*fleet.Offer // of the job, by host
	Unread []string                // hosts whose offer cannot be read
}

// surveyHosts is how many hosts are asked about in one request: etcd takes 128 operations.
const surveyHosts = 64

// Survey looks who could take part. It reads two keys of each host: it is for a scan that does
// not get on, and not for each second of one that does. Its error is an *etcd.Error.
func (s *Scan) Survey(ctx context.Context) (*Survey, error) {
	found := &Survey{Offers: map[string]*fleet.Offer{}}
	key := s.Keys.Leader() + "/"
	got, err := get(ctx, s.Client, key, clientv3.WithFirstCreate()...)
	if err != nil {
		return nil, explain(s.Client, "look who leads the fleet, at", key, err)
	}
	if len(got.Kvs) > 0 {
		found.Leader = string(got.Kvs[0].Value)
	}
	var names []string
	prefix := s.Keys.KnownHosts()
	_, err = listNames(ctx, s.Client, prefix, clientv3.GetPrefixRangeEnd(prefix), 0, func(kv *mvccpb.KeyValue) {
		if k := s.Keys.Parse(string(kv.Key)); k.Kind == fleet.KindKnown {
			names = append(names, k.Host)
		}
	})
	if err != nil {
		return nil, explain(s.Client, "list the hosts of the fleet below", prefix, err)
	}
	for len(names) > 0 {
		n := min(len(names), surveyHosts)
		if err := found.ask(ctx, s, names[:n]); err != nil {
			return nil, err
		}
		names = names[n:]
	}
	return found, nil
}

// ask adds what some hosts offer.
func (f *Survey) ask(ctx context.Context, s *Scan, names []string) error {
	var ops []clientv3.Op
	for _, name := range names {
		ops = append(ops, clientv3.OpGet(s.Keys.Info(name), clientv3.WithKeysOnly()), clientv3.OpGet(s.Keys.Offer(name, s.Job.ID)))
	}
	got, err := commit(ctx, s.Client, nil, ops...)
	if err != nil {
		return explain(s.Client, "read what hosts offer below", s.Keys.Hosts(), err)
	}
	for i, name := range names {
		if got.Responses[2*i].GetResponseRange().Count > 0 {
			f.Hosts++
		}
		for _, kv := range got.Responses[2*i+1].GetResponseRange().Kvs {
			o, err := fleet.DecodeOffer(name, kv.Value)
			if err != nil {
				f.Unread = append(f.Unread, name)
				continue
			}
			f.Offers[name] = o
		}
	}
	return nil
}

// Allows reports whether a host that offers to take part may ask a shard.
func (f *Survey) Allows(part fleet.Shard) bool {
	for _, o := range f.Offers {
		if part.Within(o.Allowed) {
			return true
		}
	}
	return false
}
