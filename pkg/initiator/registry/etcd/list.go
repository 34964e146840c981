package etcd

import (
	"context"
	"errors"
	"iter"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// pageRecords is how many heads are read at once: four MiB at most. Where a server has
// more, since others wrote it, pages get smaller.
const pageRecords = 64

// List yields the records whose keys begin with prefix, in the order of the keys' bytes.
// It reads a page at a time, each as it is then, and holds nothing between pages.
func (s *Store) List(ctx context.Context, prefix string) iter.Seq2[registry.Record, error] {
	return func(yield func(registry.Record, error) bool) {
		p := page{from: s.record(prefix), end: rangeOf(s.record(prefix)), size: pageRecords}
		for more := true; more; {
			var err error
			if more, err = s.readPage(ctx, &p); err != nil {
				yield(registry.Record{}, err)
				return
			}
			for _, kv := range p.heads {
				r, there, err := s.listed(ctx, kv, p.revision)
				if err == nil {
					err = ctx.Err()
				}
				if err != nil {
					yield(registry.Record{}, err)
					return
				}
				if there && !yield(r, nil) {
					return
				}
			}
		}
	}
}

// A page is a part of a List.
type page struct {
	from, end string // of etcd's keys
	size      int64  // at most
	heads     []*mvccpb.KeyValue
	revision  int64 // at which they were read
}

// readPage reads the next page, and returns whether there is more behind it.
func (s *Store) readPage(ctx context.Context, p *page) (more bool, err error) {
	for {
		err = s.read(ctx, "list", p.from, func(ctx context.Context) error {
			answer, err := s.client.Get(ctx, p.from, clientv3.WithRange(p.end), clientv3.WithLimit(p.size))
			if err != nil {
				return err
			}
			p.heads, p.revision, more = answer.Kvs, answer.Header.Revision, answer.More && len(answer.Kvs) > 0
			return nil
		})
		var e *Error
		if !errors.As(err, &e) || e.State != TooLarge || p.size == 1 {
			break
		}
		p.size /= 2
	}
	if err == nil && len(p.heads) > 0 {
		p.from = string(p.heads[len(p.heads)-1].Key) + "\x00" // the least key that is greater
	}
	return more, err
}

// listed returns the record of a head in a page. there: it is one, and is not gone by now.
func (s *Store) listed(ctx context.Context, kv *mvccpb.KeyValue, revision int64) (r registry.Record, there bool, err error) {
	key, ok := s.recordKey(kv.Key)
	if !ok {
		return r, false, nil // not of a registry
	}
	if h, err := parseHead(kv.Value); err == nil && h.large == nil {
		r, err = s.resolve(ctx, key, kv, revision)
		return r, true, err
	}
	compacted := false
	err = s.read(ctx, "read", s.record(key), func(ctx context.Context) error {
		var err error
		r, err = s.resolve(ctx, key, kv, revision)
		if state, _ := judge(err); err != nil && state == Compacted {
			compacted = true
			return nil
		}
		return err
	})
	if compacted { // what is there now, then
		r, err = s.Get(ctx, key)
		return r, r.Version != 0, err
	}
	return r, true, err
}
