package fleetsim

import (
	"context"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
)

// A Stored is how many keys of one kind are in etcd, and their bytes.
type Stored struct{ Keys, Bytes int }

// Count returns what is in etcd of a fleet, by kind, and at which revision.
func Count(ctx context.Context, client *clientv3.Client, keys fleet.Keys) (all map[fleet.Kind]Stored, revision int64, err error) {
	all = map[fleet.Kind]Stored{}
	for from, end := keys.Prefix(), clientv3.GetPrefixRangeEnd(keys.Prefix()); ; {
		page, err := client.Get(ctx, from, clientv3.WithRange(end), clientv3.WithLimit(pageKeys), clientv3.WithRev(revision))
		if err != nil {
			return nil, 0, err
		}
		if revision == 0 {
			revision = page.Header.Revision
		}
		for _, kv := range page.Kvs {
			k := keys.Parse(string(kv.Key)).Kind
			s := all[k]
			all[k] = Stored{s.Keys + 1, s.Bytes + len(kv.Key) + len(kv.Value)}
		}
		if !page.More {
			return all, revision, nil
		}
		from = string(page.Kvs[len(page.Kvs)-1].Key) + "\x00"
	}
}

const pageKeys = 1000

// Sum is all kinds together.
func Sum(all map[fleet.Kind]Stored) (sum Stored) {
	for _, s := range all {
		sum.Keys += s.Keys
		sum.Bytes += s.Bytes
	}
	return sum
}
