package sweep

import (
	"context"

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
// it returns; revision 0: now.
func list(ctx context.Context, client *clientv3.Client, from, to string, revision int64, each func(*mvccpb.KeyValue)) (int64, error) {
	p := etcd.Pages{Client: client, Most: pageKeys, Within: patience}
	return p.Read(ctx, from, to, revision, each)
}

// listNames does what list does, without values.
func listNames(ctx context.Context, client *clientv3.Client, from, to string, revision int64, each func(*mvccpb.KeyValue)) (int64, error) {
	p := etcd.Pages{Client: client, Most: pageNames, Within: patience, Options: []clientv3.OpOption{clientv3.WithKeysOnly()}}
	return p.Read(ctx, from, to, revision, each)
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
