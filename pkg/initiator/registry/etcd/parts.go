package etcd

import (
	"context"
	"crypto/sha256"
	"errors"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// partsPage is how many parts are read at once.
const partsPage = 4

// resolve returns the record of a head, with what is in its parts at the revision at which
// the head was read. The error Compacted says that another one is there by now.
func (s *Store) resolve(ctx context.Context, key string, kv *mvccpb.KeyValue, revision int64) (registry.Record, error) {
	r := registry.Record{Key: key, Version: uint64(kv.ModRevision)}
	h, err := parseHead(kv.Value)
	if err != nil {
		return r, s.damaged(s.record(key), err.Error())
	}
	if h.large == nil {
		r.Value = h.value
		return r, nil
	}
	r.Value, err = s.readParts(ctx, key, h, revision)
	return r, err
}

// readParts reads a value in parts.
func (s *Store) readParts(ctx context.Context, key string, h *head, revision int64) ([]byte, error) {
	value := make([]byte, 0, h.large.size)
	begin := s.generation(key, h.large.generation, h.mark)
	for n := 0; n < h.large.parts; {
		answer, err := s.client.Get(ctx, s.part(key, h.large.generation, h.mark, n),
			clientv3.WithRange(rangeOf(begin)), clientv3.WithRev(revision), clientv3.WithLimit(int64(min(partsPage, h.large.parts-n))))
		if err != nil {
			return nil, err
		}
		if len(answer.Kvs) == 0 {
			return nil, s.damaged(s.record(key), "parts of its value are gone")
		}
		for _, kv := range answer.Kvs {
			if string(kv.Key) != s.part(key, h.large.generation, h.mark, n) || len(value)+len(kv.Value) > h.large.size {
				return nil, s.damaged(s.record(key), "parts of its value are not the ones that were written")
			}
			value = append(value, kv.Value...)
			n++
		}
	}
	if sha256.Sum256(value) != h.large.digest {
		return nil, s.damaged(s.record(key), "its value is not the one that was written")
	}
	return value, nil
}

// errStagedGone is parts that another writer has removed before they were in use.
var errStagedGone = errors.New("parts of the value were removed before it was set")

// stage writes the parts of a batch, under a marker that says that they are in use.
func (s *Store) stage(ctx context.Context, b *batch) error {
	marker := s.writer(b.mark)
	err := s.read(ctx, "write", marker, func(ctx context.Context) error {
		lease, err := s.client.Grant(ctx, max(1, int64(s.ttl.Seconds())))
		if err != nil {
			return err
		}
		answer, err := s.client.Put(ctx, marker, "", clientv3.WithLease(lease.ID))
		if err != nil {
			return err
		}
		b.lease, b.renewed, b.generation = lease.ID, time.Now(), generationOf(answer.Header.Revision)
		return nil
	})
	if err != nil {
		return err
	}
	var puts []clientv3.Op
	size := 0
	flush := func() error {
		ops := puts
		puts, size = nil, 0
		return s.stagePuts(ctx, b, ops)
	}
	for _, i := range b.large {
		c := &b.changes[i]
		for n := 0; n*partLen < len(c.Value); n++ {
			part := c.Value[n*partLen : min((n+1)*partLen, len(c.Value))]
			if size+len(part) > partLen || len(puts) == MaxChanges {
				if err := flush(); err != nil {
					return err
				}
			}
			puts = append(puts, clientv3.OpPut(s.part(c.Key, b.generation, b.mark, n), string(part)))
			size += len(part)
		}
	}
	return flush()
}

// stagePuts writes parts while their marker is there, and keeps it so.
func (s *Store) stagePuts(ctx context.Context, b *batch, puts []clientv3.Op) error {
	marker := s.writer(b.mark)
	return s.read(ctx, "write", marker, func(ctx context.Context) error {
		if time.Since(b.renewed) > s.ttl/3 {
			switch _, err := s.client.KeepAliveOnce(ctx, b.lease); {
			case errors.Is(err, rpctypes.ErrLeaseNotFound): // and the marker is gone with it
				return errStagedGone
			case err != nil:
				return err
			}
			b.renewed = time.Now()
		}
		answer, err := s.client.Txn(ctx).If(clientv3.Compare(clientv3.CreateRevision(marker), ">", 0)).Then(puts...).Commit()
		if err == nil && !answer.Succeeded {
			return errStagedGone
		}
		return err
	})
}
