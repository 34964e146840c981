package sweep

import (
	"context"
	"errors"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// pageKeys is how many keys are read at once.
const pageKeys = 512

// list calls each with the keys from a key up to another, as they were at the revision that
// it returns; revision 0: now.
func list(ctx context.Context, client *clientv3.Client, from, to string, revision int64, each func(*mvccpb.KeyValue), opts ...clientv3.OpOption) (int64, error) {
	for {
		page, err := get(ctx, client, from, append(opts[:len(opts):len(opts)], clientv3.WithRange(to), clientv3.WithLimit(pageKeys), clientv3.WithRev(revision))...)
		if err != nil {
			return 0, err
		}
		if revision == 0 {
			revision = page.Header.Revision
		}
		for _, kv := range page.Kvs {
			each(kv)
		}
		if !page.More {
			return revision, nil
		}
		from = string(page.Kvs[len(page.Kvs)-1].Key) + "\x00"
	}
}

func get(ctx context.Context, client *clientv3.Client, key string, opts ...clientv3.OpOption) (*clientv3.GetResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return client.Get(ctx, key, opts...)
}

// commit makes changes where all conditions hold.
func commit(ctx context.Context, client *clientv3.Client, conditions []clientv3.Cmp, ops ...clientv3.Op) (*clientv3.TxnResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return client.Txn(ctx).If(conditions...).Then(ops...).Commit()
}

// errWatchEnded is a watch that ended without a reason, as when the client is closed.
var errWatchEnded = errors.New("the watch ended")

// watchError returns why a watch ended; nil: it goes on.
func watchError(r clientv3.WatchResponse, open bool) error {
	if err := r.Err(); err != nil {
		return err
	}
	if r.Canceled || !open {
		return errWatchEnded
	}
	return nil
}
