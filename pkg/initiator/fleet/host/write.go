package host

import (
	"context"
	"slices"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
)

// Bounds of one transaction, below those of etcd: 128 operations and 1.5 MiB. One part of an
// answer fits beside the rest.
const (
	maxOps   = 100
	maxBytes = fleet.MaxPartLen + 128<<10
	opBytes  = 64 // of an operation beside its key and its value, about
)

// A held is a key in etcd below the host's prefix.
type held struct {
	lease clientv3.LeaseID
	path  *fleet.Path // nil: it is none, or cannot be read
}

// A change is one key to be written, or, where value is nil, to be removed.
type change struct {
	key   string
	value []byte
	path  *fleet.Path // that the value is
}

func (c *change) op(lease clientv3.LeaseID) clientv3.Op {
	if c.value == nil {
		return clientv3.OpDelete(c.key)
	}
	return clientv3.OpPut(c.key, string(c.value), clientv3.WithLease(lease))
}

func (c *change) size() int { return len(c.key) + len(c.value) + opBytes }

// write writes all that has changed. What it could not write waits.
func (s *session) write(ctx context.Context) error {
	puts, removals := s.changes()
	all := slices.Concat(removals, puts)
	for len(all) > 0 {
		n := batch(all)
		if err := s.apply(ctx, all[:n]); err != nil {
			var keys []string
			for i := range all {
				keys = append(keys, all[i].key)
			}
			s.book.back(keys)
			return err
		}
		all = all[n:]
	}
	s.connected = true
	s.set(func(h *Host) { h.state.Connected, h.state.Published, h.publishErr = true, s.published, nil })
	return nil
}

// changes returns what differs from what is in etcd. Part 0 of an answer is written last and
// removed first, so that its presence says that all are there.
func (s *session) changes() (puts, removals []change) {
	for _, key := range s.book.take() {
		value, path := s.book.is(key)
		now, ok := s.there[key]
		switch {
		case value == nil && ok:
			removals = append(removals, change{key: key})
		case value == nil, ok && now.lease == s.lease && (path == nil || now.path != nil && now.path.Same(path)):
		default:
			puts = append(puts, change{key, value, path})
		}
	}
	slices.Reverse(puts)
	return puts, removals
}

// batch returns how many of the changes go into one transaction.
func batch(all []change) (n int) {
	size := 0
	for n < len(all) && n < maxOps {
		if size += all[n].size(); size > maxBytes && n > 0 {
			break
		}
		n++
	}
	return n
}

// apply makes changes in one transaction.
func (s *session) apply(ctx context.Context, changes []change) error {
	ops := make([]clientv3.Op, len(changes))
	for i := range changes {
		ops[i] = changes[i].op(s.lease)
	}
	done, err := s.txn(ctx, s.fence(), ops...)
	if err != nil {
		return s.explain("write", s.cfg.Keys.Host(s.cfg.Name), err)
	}
	if !done {
		return s.lost()
	}
	for _, c := range changes {
		was := s.there[c.key]
		if was.path != nil && was.lease == s.lease {
			s.published--
		}
		if c.value == nil {
			delete(s.there, c.key)
			continue
		}
		s.there[c.key] = held{s.lease, c.path}
		if c.path != nil {
			s.published++
		}
	}
	return nil
}
