package host

import (
	"context"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
)

// pageKeys is how many keys are read at once; each has at most 1.5 MiB.
const pageKeys = 64

// read reads what is below the host's prefix, and what the leader asks for, and begins to
// watch.
func (s *session) read(ctx context.Context) error {
	s.there = make(map[string]held)
	host := s.cfg.Keys.Host(s.cfg.Name)
	paths := func(kv *mvccpb.KeyValue) { s.found(kv) }
	if _, err := s.list(ctx, host+"isns/", paths, clientv3.WithRange(clientv3.GetPrefixRangeEnd(host+"portal/"))); err != nil { // both: nothing is between them
		return s.explain("read", host+"portal/", err)
	}
	revision, err := s.list(ctx, host+"answer/", func(kv *mvccpb.KeyValue) { s.found(kv) }, clientv3.WithKeysOnly())
	if err != nil {
		return s.explain("read", host+"answer/", err)
	}
	info := s.cfg.Keys.Info(s.cfg.Name)
	s.renamed = s.cfg.Client.Watch(ctx, info, clientv3.WithRev(revision+1))
	is, err := s.get(ctx, info) // it may have changed since it was taken
	if err != nil {
		return s.explain("read", info, err)
	}
	if is == nil || clientv3.LeaseID(is.Lease) != s.lease {
		return s.lost()
	}
	prefix := s.cfg.Keys.Wanted(s.cfg.Name)
	wants := make(map[fleet.Digest]bool)
	revision, err = s.list(ctx, prefix, func(kv *mvccpb.KeyValue) {
		if k := s.cfg.Keys.Parse(string(kv.Key)); k.Kind == fleet.KindWant && len(wants) < fleet.MaxPaths {
			wants[k.Digest] = true
		}
	}, clientv3.WithKeysOnly())
	if err != nil {
		return s.explain("read", prefix, err)
	}
	s.wanted = s.cfg.Client.Watch(ctx, prefix, clientv3.WithPrefix(), clientv3.WithRev(revision+1))
	s.book.setWants(wants, true)
	s.book.touchAll(s.there)
	return nil
}

// found takes a key that is there. Keys that are not of our making are left alone, and so
// are those of an earlier process, which end with its lease: this one may see the same
// before that.
func (s *session) found(kv *mvccpb.KeyValue) {
	key, lease := string(kv.Key), clientv3.LeaseID(kv.Lease)
	k := s.cfg.Keys.Parse(key)
	if k.Kind != fleet.KindPath && k.Kind != fleet.KindPart {
		return
	}
	if lease != 0 && !s.leases[lease] {
		if value, _ := s.book.is(key); value == nil {
			return
		}
	}
	h := held{lease: lease}
	if k.Kind == fleet.KindPath {
		h.path, _ = fleet.DecodePath(s.cfg.Name, kv.Value) // one that cannot be read is replaced
	}
	if s.there[key] = h; h.path != nil && lease == s.lease {
		s.published++
	}
}

// list calls each with all keys that begin with a prefix, as they were at the revision that
// it returns.
func (h *Host) list(ctx context.Context, prefix string, each func(*mvccpb.KeyValue), opts ...clientv3.OpOption) (revision int64, err error) {
	from, end := prefix, clientv3.GetPrefixRangeEnd(prefix)
	for {
		page, err := h.page(ctx, from, append([]clientv3.OpOption{clientv3.WithRange(end), clientv3.WithLimit(pageKeys), clientv3.WithRev(revision)}, opts...)...)
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

func (h *Host) page(ctx context.Context, from string, opts ...clientv3.OpOption) (*clientv3.GetResponse, error) {
	ctx, cancel := h.request(ctx)
	defer cancel()
	return h.cfg.Client.Get(ctx, from, opts...)
}
