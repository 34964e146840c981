package registry

import (
	"context"
	"iter"
	"net/netip"
	"slices"
	"strings"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
)

// Rules are what a registry says of the IPsec of portals, as it was when they were
// read: policies, preshared keys, gateways, flags that were defined before and the
// default. They are for portals that a Discoverer asks without storing anything: see
// Discoverer.Rules. They are safe for concurrent use. Keys are opened when they are
// needed, by the Sealer and the Secrets of the Service.
type Rules struct{ service *Service }

// Rules reads the rules of the registry, once. The Service has to stay open as long as
// they are in use, for its Sealer's sake. Its error is an *Error.
func (s *Service) Rules(ctx context.Context) (*Rules, error) {
	under, err := s.underRules(ctx, false)
	if err != nil {
		return nil, err
	}
	return &Rules{under}, nil
}

// Apply puts the rules into a request. What d knows itself of keys and gateways counts
// where they say nothing.
func (r *Rules) Apply(d *initiator.Discoverer, j *initiator.Request) {
	j.Policy, j.There = r.service.policy, r.service.requestThere
	j.PSK = func(ctx context.Context, from ports.Port, peer enforce.Peer) (enforce.PSK, bool, error) {
		key, ok, err := r.service.key(ctx, from, peer)
		if !ok && err == nil && d.PSK != nil {
			return d.PSK(ctx, from, peer)
		}
		return key, ok, err
	}
	j.Gateway = func(ctx context.Context, from ports.Port, dst netip.Addr) (netip.Addr, bool, error) {
		outer, ok, err := r.service.outer(ctx, from, dst)
		if !ok && err == nil && d.Gateway != nil {
			return d.Gateway(ctx, from, dst)
		}
		return outer, ok, err
	}
	var err error
	if j.Security, err = r.service.security(context.Background(), &j.Portal); err != nil { // of memory: nothing to wait for
		j.Err = &initiator.Error{Stage: initiator.StageStore, Portal: j.Portal.Portal, Err: err}
	}
}

// RequestThere returns the request for an address that a portal advertises.
func (r *Rules) RequestThere(ctx context.Context, j initiator.Request, dst netip.AddrPort) (initiator.Request, error) {
	return r.service.requestThere(ctx, j, dst)
}

// A frozenStore is records in memory, in the order of their keys, that do not change
// any more.
type frozenStore struct{ all []Record }

// find returns where a key is, or would be.
func (f *frozenStore) find(key string) (int, bool) {
	return slices.BinarySearchFunc(f.all, key, func(r Record, key string) int { return strings.Compare(r.Key, key) })
}

// add puts a record in. It is called before the store is in use.
func (f *frozenStore) add(r Record) {
	r.Version = max(r.Version, 1) // a record that ends with the Service has none
	if i, ok := f.find(r.Key); !ok {
		f.all = slices.Insert(f.all, i, r)
	}
}

func (f *frozenStore) Get(_ context.Context, key string) (Record, error) {
	if i, ok := f.find(key); ok {
		return f.all[i], nil
	}
	return Record{Key: key}, nil
}

func (f *frozenStore) List(_ context.Context, prefix string) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		i, _ := f.find(prefix)
		for ; i < len(f.all) && strings.HasPrefix(f.all[i].Key, prefix); i++ {
			if !yield(f.all[i], nil) {
				return
			}
		}
	}
}
