package etcd

import (
	"context"
	"errors"
	"iter"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// The pages of a List: the first has firstPage heads, four MiB at most; the others as many
// as make pageBytes if they are like those of the page before. An answer of more than
// MaxAnswerLen, of what others wrote, is asked for again in smaller pages.
const (
	firstPage = 64
	maxPage   = 1024
	pageBytes = 1 << 20
)

// List yields the records whose keys begin with prefix, in the order of the keys' bytes.
// It reads a page at a time, each as it is then, and holds nothing between pages.
func (s *Store) List(ctx context.Context, prefix string) iter.Seq2[registry.Record, error] {
	return func(yield func(registry.Record, error) bool) {
		p := page{from: s.record(prefix), end: rangeOf(s.record(prefix)), size: firstPage}
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
	if n := len(p.heads); err == nil && n > 0 {
		p.from = string(p.heads[n-1].Key) + "\x00" // the least key that is greater
		bytes := 1
		for _, kv := range p.heads {
			bytes += len(kv.Key) + len(kv.Value)
		}
		p.size = int64(min(max(1, n*pageBytes/bytes), 2*int(p.size), maxPage))
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
