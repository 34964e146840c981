package fleetverbs

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/cmd/internal/wording"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/host"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/etcd"
)

// How records of config/ are read: a page of this many at most is in memory at once, and a
// host reads no more records than host.MaxConfig.
const pageRecords = 200

// A records is what config/ of a fleet has, as verbs read and change it.
type records struct {
	client *clientv3.Client
	fleet  string
	dryRun bool
}

// A conflictError is a record that another writer changed between our reading and writing.
type conflictError struct{ key string }

func (e *conflictError) Error() string {
	return fmt.Sprintf("key %s in etcd was changed by another administrator meanwhile, and is left so: try again", wording.Quoted(e.key))
}

// A newerError is a record of a newer version, which is not overwritten.
type newerError struct {
	key string
	err error
}

func (e *newerError) Error() string {
	return fmt.Sprintf("key %s in etcd is left as it is: %v", wording.Quoted(e.key), e.err)
}

func (e *newerError) Unwrap() error { return e.err }

// get returns what is at a key; nil: nothing.
func (r *records) get(ctx context.Context, key string) (*mvccpb.KeyValue, error) {
	got, err := r.client.Get(ctx, key)
	if err != nil {
		return nil, etcd.ExplainFrom(r.client, "read", key, err)
	}
	if len(got.Kvs) == 0 {
		return nil, nil
	}
	return got.Kvs[0], nil
}

// put writes a record and reports whether there was one before. What is there must be as
// check takes it, or damaged: a record of a newer version stays.
func (r *records) put(ctx context.Context, key string, value []byte, check func([]byte) error) (existed bool, err error) {
	is, err := r.get(ctx, key)
	if err != nil {
		return false, err
	}
	revision := int64(0)
	if is != nil {
		revision = is.ModRevision
		if newer := (*fleet.NewerError)(nil); errors.As(check(is.Value), &newer) {
			return true, &newerError{key, newer}
		}
	}
	if r.dryRun || is != nil && bytes.Equal(is.Value, value) {
		return is != nil, nil
	}
	return is != nil, r.commit(ctx, key, revision, clientv3.OpPut(key, string(value)), "write")
}

// remove removes a record; false: there is none.
func (r *records) remove(ctx context.Context, key string) (bool, error) {
	is, err := r.get(ctx, key)
	if err != nil || is == nil || r.dryRun {
		return is != nil, err
	}
	return true, r.commit(ctx, key, is.ModRevision, clientv3.OpDelete(key), "remove")
}

// commit makes a change, if the record is as it was read.
func (r *records) commit(ctx context.Context, key string, revision int64, op clientv3.Op, what string) error {
	done, err := r.client.Txn(ctx).If(clientv3.Compare(clientv3.ModRevision(key), "=", revision)).Then(op).Commit()
	if err != nil {
		return etcd.ExplainFrom(r.client, what, key, err)
	}
	if !done.Succeeded {
		return &conflictError{key}
	}
	return nil
}

// list calls take for each record below a prefix, at most host.MaxConfig of them.
func (r *records) list(ctx context.Context, prefix string, take func(*mvccpb.KeyValue) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	n := 0
	pages := etcd.Pages{Client: r.client, Most: pageRecords}
	_, err := pages.Read(ctx, prefix, clientv3.GetPrefixRangeEnd(prefix), 0, func(kv *mvccpb.KeyValue) {
		if ctx.Err() != nil {
			return
		}
		if n++; n > host.MaxConfig {
			cancel(fmt.Errorf("more than %d records below %s, which is the most that hosts read", host.MaxConfig, prefix))
		} else if err := take(kv); err != nil {
			cancel(err)
		}
	})
	if stopped := context.Cause(ctx); stopped != nil {
		return stopped
	}
	if err != nil {
		return etcd.ExplainFrom(r.client, "list", prefix, err)
	}
	return nil
}
