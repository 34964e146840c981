package host_test

import (
	"context"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// What etcd takes in one request by its defaults.
const (
	etcdOps   = 128
	etcdBytes = 3 << 19
)

// A recorder holds all that a Host writes against the bounds of etcd, and against its own
// rule: each write is a transaction that compares the host's record.
type recorder struct {
	clientv3.KV
	t    testing.TB
	info string // key of the host's record

	before func([]clientv3.Op) // called before each transaction; nil: nothing
	refuse func() error        // called in the place of each transaction, unless it returns nil; nil: nothing is refused
}

func (r *recorder) Put(ctx context.Context, key, value string, opts ...clientv3.OpOption) (*clientv3.PutResponse, error) {
	r.t.Errorf("%s is written without a condition", key)
	return r.KV.Put(ctx, key, value, opts...)
}

func (r *recorder) Delete(ctx context.Context, key string, opts ...clientv3.OpOption) (*clientv3.DeleteResponse, error) {
	r.t.Errorf("%s is removed without a condition", key)
	return r.KV.Delete(ctx, key, opts...)
}

func (r *recorder) Txn(ctx context.Context) clientv3.Txn {
	return &recordedTxn{Txn: r.KV.Txn(ctx), r: r}
}

// A recordedTxn is a transaction that is looked at.
type recordedTxn struct {
	clientv3.Txn
	r       *recorder
	compare []clientv3.Cmp
	ops     []clientv3.Op
}

func (x *recordedTxn) If(c ...clientv3.Cmp) clientv3.Txn {
	x.compare, x.Txn = c, x.Txn.If(c...)
	return x
}

func (x *recordedTxn) Then(ops ...clientv3.Op) clientv3.Txn {
	x.ops, x.Txn = ops, x.Txn.Then(ops...)
	return x
}

func (x *recordedTxn) Commit() (*clientv3.TxnResponse, error) {
	size := 0
	for _, op := range x.ops {
		size += len(op.KeyBytes()) + len(op.ValueBytes()) + 32
	}
	if len(x.ops) == 0 || len(x.ops) > etcdOps || size > etcdBytes {
		x.r.t.Errorf("got a transaction of %d operations and about %d bytes", len(x.ops), size)
	}
	if len(x.compare) != 1 || string(x.compare[0].KeyBytes()) != x.r.info {
		x.r.t.Errorf("got a transaction with the conditions %v", x.compare)
	}
	if x.r.before != nil {
		x.r.before(x.ops)
	}
	if x.r.refuse != nil {
		if err := x.r.refuse(); err != nil {
			return nil, err
		}
	}
	return x.Txn.Commit()
}
