package etcd

import (
	"context"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// sweepPage is how many keys of parts are read at once.
const sweepPage = 500

// sweep removes parts that no record has and no writer is about to use. What goes wrong
// with it is left to the next one who does it.
func (s *Store) sweep(ctx context.Context) {
	s.swept.Store(time.Now().UnixNano())
	begin := s.prefix + nameParts
	var last staged
	for from := begin; ; {
		var answer *clientv3.GetResponse
		err := s.read(ctx, "list", from, func(ctx context.Context) (err error) {
			answer, err = s.client.Get(ctx, from, clientv3.WithRange(rangeOf(begin)), clientv3.WithKeysOnly(), clientv3.WithLimit(sweepPage))
			return err
		})
		if err != nil {
			return
		}
		for _, kv := range answer.Kvs {
			p, ok := s.parsePart(kv.Key)
			if !ok || p == last { // not ours, or another part of the same
				continue
			}
			if last = p; s.sweepParts(ctx, p) != nil {
				return
			}
		}
		if !answer.More || len(answer.Kvs) == 0 {
			return
		}
		from = string(answer.Kvs[len(answer.Kvs)-1].Key) + "\x00"
	}
}

// sweepParts removes the parts of one value where its writer is gone and its record has
// another.
func (s *Store) sweepParts(ctx context.Context, p staged) error {
	return s.read(ctx, "remove", s.parts(p.key), func(ctx context.Context) error {
		marker, record := s.writer(p.mark), s.record(p.key)
		answer, err := s.client.Txn(ctx).If(clientv3.Compare(clientv3.CreateRevision(marker), "=", 0)).Then(clientv3.OpGet(record)).Commit()
		if err != nil || !answer.Succeeded {
			return err
		}
		version := int64(0)
		if kvs := answer.Responses[0].GetResponseRange().Kvs; len(kvs) > 0 {
			h, err := parseHead(kvs[0].Value)
			if err != nil || h.large != nil && h.mark == p.mark && h.large.generation == p.generation {
				return nil // in use, or nothing that we know about
			}
			version = kvs[0].ModRevision
		}
		_, err = s.client.Txn(ctx).
			If(clientv3.Compare(clientv3.CreateRevision(marker), "=", 0), clientv3.Compare(clientv3.ModRevision(record), "=", version)).
			Then(clientv3.OpDelete(s.generation(p.key, p.generation, p.mark), clientv3.WithPrefix())).Commit()
		return err
	})
}
