package sweep

import (
	"context"
	"errors"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/pkg/initiator/registry/etcd"
)

// How many keys are read at once: with their values, and without. etcd counts all keys of a
// range for each page of it, so that many pages of a large fleet cost it much.
const (
	pageKeys  = 512
	pageNames = 8192
)

// list calls each with the keys from a key up to another, as they were at the revision that
// it returns; revision 0: now. Pages that are larger than an answer may be are read in parts.
func list(ctx context.Context, client *clientv3.Client, from, to string, revision int64, each func(*mvccpb.KeyValue)) (int64, error) {
	return listPages(ctx, client, from, to, revision, pageKeys, each)
}

// listNames does what list does, without values.
func listNames(ctx context.Context, client *clientv3.Client, from, to string, revision int64, each func(*mvccpb.KeyValue)) (int64, error) {
	return listPages(ctx, client, from, to, revision, pageNames, each, clientv3.WithKeysOnly())
}

func listPages(ctx context.Context, client *clientv3.Client, from, to string, revision, most int64, each func(*mvccpb.KeyValue), opts ...clientv3.OpOption) (int64, error) {
	for limit := most; ; {
		page, err := get(ctx, client, from, append(opts[:len(opts):len(opts)], clientv3.WithRange(to), clientv3.WithLimit(limit), clientv3.WithRev(revision))...)
		if limit > 1 && isTooLarge(err) {
			limit = max(1, limit/8)
			continue
		}
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
		limit = min(2*limit, most)
	}
}

// isTooLarge reports an answer that is larger than the client takes.
func isTooLarge(err error) bool {
	said := (*etcd.Error)(nil)
	return errors.As(etcd.Explain("", err), &said) && said.State == etcd.TooLarge
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
