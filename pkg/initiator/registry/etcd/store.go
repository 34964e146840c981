package etcd

import (
	"context"
	"sync/atomic"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// MaxChanges and MaxBytes are what one Apply takes: with two operations a change it stays
// below the 128 of etcd's transactions, and a value of registry.MaxRecordLen with its key
// finds room.
const (
	MaxChanges = 60
	MaxBytes   = registry.MaxRecordLen + 64<<10
)

// writerTTL is the lease of a writer of parts: how long those of one that died stay.
const writerTTL = time.Minute

// A Store is a registry in etcd. Make one with [Open].
//
// Reads are linearizable: they show what any writer was told that it wrote, and fail on a
// member that has no majority. When Apply returns nil, a majority of the members has the
// change. Where a member goes away during an Apply, the change is sent again to another,
// and is made once.
//
// What is canceled ends at once, but for an Apply that is under way: it waits for up to
// two seconds more for the outcome. Where that is not known the error is an [*Error] that
// says so (Uncertain).
type Store struct {
	keys
	client  *clientv3.Client
	timeout time.Duration // of a request, with its further tries
	ttl     time.Duration // of the lease of a writer of parts
	compare time.Duration // how often a watch asks whether etcd was restored from a snapshot
	swept   atomic.Int64  // when leftover parts were looked for, in Unix nanoseconds
	own     own
}

// Open opens the registry below a prefix of etcd's keys, see [CheckPrefix], and makes it where
// there is none and the user may write. A user who may only read can use it so: Apply then
// fails with fs.ErrPermission. Keys below the prefix that are not of a registry are left
// alone. Parts that a writer left behind when it died are removed.
//
// The client is best one of [Dial]; it stays the caller's, who closes it after the Store.
func Open(ctx context.Context, client *clientv3.Client, prefix string) (*Store, error) {
	if err := CheckPrefix(prefix); err != nil {
		return nil, err
	}
	s := &Store{keys: keys{prefix}, client: client, timeout: DefaultRequestTimeout, ttl: writerTTL, compare: compareEvery}
	if l := linkOf(client); l != nil {
		s.timeout = l.requestTimeout
	}
	if err := s.ensureFormat(ctx); err != nil {
		return nil, err
	}
	s.sweep(ctx)
	return s, ctx.Err()
}

// Get returns the record of a key, with Version 0 where there is none.
func (s *Store) Get(ctx context.Context, key string) (registry.Record, error) {
	r := registry.Record{Key: key}
	if !validKey(key) {
		return r, ctx.Err()
	}
	err := s.read(ctx, "read", s.record(key), func(ctx context.Context) error {
		answer, err := s.client.Get(ctx, s.record(key))
		if err != nil {
			return err
		}
		r.Version, r.Value = 0, nil
		if len(answer.Kvs) == 0 {
			return nil
		}
		r, err = s.resolve(ctx, key, answer.Kvs[0], answer.Header.Revision)
		return err
	})
	if err != nil {
		return registry.Record{Key: key}, err
	}
	return r, nil
}

// Limits returns MaxChanges and MaxBytes.
func (s *Store) Limits() (changes, bytes int) { return MaxChanges, MaxBytes }

// Close does nothing: the client is the caller's.
func (s *Store) Close() error { return nil }
