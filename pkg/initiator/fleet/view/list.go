package view

import (
	"context"
	"errors"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/etcd"
)

// pageKeys is how many keys are asked for at once. etcd counts all keys of a range for each
// page of it, so that small pages of a large fleet cost it more than large ones.
const pageKeys = 1000

// A span is a range of keys.
type span struct{ from, to string }

// spans are the keys that a view is made of: all of the fleet but copies of answers, which
// are read when somebody asks for them.
func spans(keys fleet.Keys) []span {
	end := clientv3.GetPrefixRangeEnd
	return []span{{keys.Prefix(), keys.Copies()}, {end(keys.Copies()), end(keys.Prefix())}}
}

// list reads the fleet at one revision, in pages.
func (r *Reader) list(ctx context.Context) (*state, error) {
	s := newState(r.keys)
	limit := r.page
	for _, keys := range spans(r.keys) {
		for from := keys.from; from < keys.to; {
			page, err := r.listPage(ctx, span{from, keys.to}, limit, s.revision)
			if is(err, etcd.TooLarge) && limit > 1 {
				limit = max(1, limit/4)
				continue
			}
			if err != nil {
				return nil, err
			}
			if s.revision == 0 {
				s.revision = page.Header.Revision
			}
			for _, kv := range page.Kvs {
				s.put(kv)
			}
			if !page.More || len(page.Kvs) == 0 {
				break
			}
			from = r.behind(string(page.Kvs[len(page.Kvs)-1].Key))
			limit = min(2*limit, r.page)
		}
	}
	return s, nil
}

func (r *Reader) listPage(ctx context.Context, keys span, limit, revision int64) (*clientv3.GetResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	page, err := r.client.Get(ctx, keys.from, clientv3.WithRange(keys.to), clientv3.WithLimit(limit), clientv3.WithRev(revision))
	return page, r.explain("list the fleet", keys.from, err)
}

// behind is where the page after key begins: parts of answers that a host has, and
// what it found in a shared sweep, are passed over.
func (r *Reader) behind(key string) string {
	switch k := r.keys.Parse(key); k.Kind {
	case fleet.KindPart:
		return clientv3.GetPrefixRangeEnd(r.keys.Answers(k.Host))
	case fleet.KindOffer, fleet.KindResult, fleet.KindDelivery:
		return clientv3.GetPrefixRangeEnd(r.keys.HostScans(k.Host))
	}
	return key + "\x00"
}

func (r *Reader) explain(what, key string, err error) error {
	return etcd.ExplainFrom(r.client, what, key, err)
}

// is reports whether etcd said that.
func is(err error, state etcd.State) bool {
	said := (*etcd.Error)(nil)
	return errors.As(err, &said) && said.State == state
}
