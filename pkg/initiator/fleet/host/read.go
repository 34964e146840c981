package host

import (
	"context"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/etcd"
)

// pageKeys is how many keys are read at once; each has at most 1.5 MiB.
const pageKeys = 64

// read reads what is below the host's prefix, and what the leader asks for, and begins to
// watch. It is one request but where there is much, since after a power failure all hosts of a
// fleet read at once.
func (s *session) read(ctx context.Context) error {
	s.there = make(map[string]held)
	host, asked := s.cfg.Keys.Host(s.cfg.Name), s.cfg.Keys.Wanted(s.cfg.Name)
	wants := make(map[fleet.Digest]bool)
	want := func(kv *mvccpb.KeyValue) {
		if k := s.cfg.Keys.Parse(string(kv.Key)); k.Kind == fleet.KindWant && len(wants) < fleet.MaxPaths {
			wants[k.Digest] = true
		}
	}
	keysOnly := []clientv3.OpOption{clientv3.WithKeysOnly()}
	ranges := []span{
		{from: host + "isns/", end: clientv3.GetPrefixRangeEnd(host + "portal/"), each: s.found}, // nothing is between them
		{from: host + "answer/", end: clientv3.GetPrefixRangeEnd(host + "answer/"), each: s.found, opts: keysOnly},
		{from: asked, end: clientv3.GetPrefixRangeEnd(asked), each: want, opts: keysOnly},
	}
	newest := s.newest.Load() // before etcd is asked, so that what it answers is later
	revision, err := s.readAll(ctx, ranges)
	if err != nil {
		return err
	}
	s.compareRevisions(newest, revision)
	s.renamed = s.cfg.Client.Watch(ctx, s.cfg.Keys.Info(s.cfg.Name), clientv3.WithRev(revision+1))
	s.wanted = s.cfg.Client.Watch(ctx, asked, clientv3.WithPrefix(), clientv3.WithRev(revision+1))
	s.book.setWants(wants, true)
	s.book.touchAll(s.there)
	return nil
}

// A span is a range of keys that is read.
type span struct {
	from, end string
	each      func(*mvccpb.KeyValue)
	opts      []clientv3.OpOption
}

// readAll reads ranges as they were at the revision that it returns, at which the name was
// ours.
func (s *session) readAll(ctx context.Context, ranges []span) (revision int64, err error) {
	var ops []clientv3.Op
	for i := range ranges {
		r := &ranges[i]
		ops = append(ops, clientv3.OpGet(r.from, append(r.opts[:len(r.opts):len(r.opts)], clientv3.WithRange(r.end), clientv3.WithLimit(pageKeys))...))
	}
	first, err := s.readOurs(ctx, ops)
	if etcd.IsTooLarge(err) { // by values that are not ours: each range is read by itself
		if first, err = s.readOurs(ctx, []clientv3.Op{clientv3.OpGet(s.cfg.Keys.Info(s.cfg.Name), clientv3.WithCountOnly())}); err == nil {
			first.Responses = nil
		}
	}
	if err != nil {
		return 0, s.explain("read", s.cfg.Keys.Host(s.cfg.Name), err)
	}
	if !first.Succeeded {
		return 0, s.lost()
	}
	revision = first.Header.Revision
	for i := range ranges {
		r, from := &ranges[i], ranges[i].from
		if len(first.Responses) > 0 {
			page := first.Responses[i].GetResponseRange()
			for _, kv := range page.Kvs {
				r.each(kv)
			}
			if !page.More {
				continue
			}
			from = string(page.Kvs[len(page.Kvs)-1].Key) + "\x00"
		}
		if _, err := s.pages(r.opts...).Read(ctx, from, r.end, revision, r.each); err != nil {
			return 0, s.explain("read", r.from, err)
		}
	}
	return revision, nil
}

// readOurs reads in one transaction, if the name is ours.
func (s *session) readOurs(ctx context.Context, ops []clientv3.Op) (*clientv3.TxnResponse, error) {
	ctx, cancel := s.request(ctx)
	defer cancel()
	return s.cfg.Client.Txn(ctx).If(s.fence()).Then(ops...).Commit()
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

// pages reads keys in pages.
func (h *Host) pages(opts ...clientv3.OpOption) *etcd.Pages {
	return &etcd.Pages{Client: h.cfg.Client, Most: pageKeys, Within: h.cfg.limits.request, Options: opts}
}
