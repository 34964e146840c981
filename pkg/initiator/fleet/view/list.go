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
	p := etcd.Pages{Client: r.client, Most: r.page, Within: patience, Behind: r.behind}
	for _, keys := range spans(r.keys) {
		revision, err := p.Read(ctx, keys.from, keys.to, s.revision, s.put)
		if err != nil {
			return nil, r.explain("list the fleet", keys.from, err)
		}
		s.revision = revision
	}
	r.look(ctx)
	return s, nil
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
