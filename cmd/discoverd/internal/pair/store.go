package pair

import (
	"context"
	"iter"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/etcd"
)

// retryAfter is how long a registry that could not be opened is left alone: each attempt
// waits for etcd.
const retryAfter = time.Second

// step is how often the gap between two changes is looked at.
const step = 200 * time.Millisecond

// A Store is a registry.Store in an etcd that may be away when the daemon starts: each call
// opens the registry until that has succeeded once.
type Store struct {
	Client *clientv3.Client // the caller's, who closes it after the Store
	Prefix string           // of etcd's keys, see etcd.Open

	opening sync.Mutex // held while one call opens it

	mu     sync.Mutex // guards the following
	store  *etcd.Store
	failed error // why there is no store
	tried  time.Time
}

// use returns the store.
func (s *Store) use(ctx context.Context) (*etcd.Store, error) {
	if store, err := s.known(); store != nil || err != nil {
		return store, err
	}
	s.opening.Lock()
	defer s.opening.Unlock()
	if store, err := s.known(); store != nil || err != nil {
		return store, err
	}
	store, err := etcd.Open(ctx, s.Client, s.Prefix)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil {
		s.store = store
	} else if ctx.Err() == nil {
		s.failed, s.tried = err, time.Now()
	}
	return s.store, err
}

// known returns the store, or why it could not be opened just now; nil, nil: it is to be
// opened.
func (s *Store) known() (*etcd.Store, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.store == nil && s.failed != nil && time.Since(s.tried) < retryAfter {
		return nil, s.failed
	}
	return s.store, nil
}

// Get returns a record, as registry.Store says.
func (s *Store) Get(ctx context.Context, key string) (registry.Record, error) {
	store, err := s.use(ctx)
	if err != nil {
		return registry.Record{Key: key}, err
	}
	return store.Get(ctx, key)
}

// List yields records, as registry.Store says.
func (s *Store) List(ctx context.Context, prefix string) iter.Seq2[registry.Record, error] {
	return func(yield func(registry.Record, error) bool) {
		store, err := s.use(ctx)
		if err != nil {
			yield(registry.Record{}, err)
			return
		}
		store.List(ctx, prefix)(yield)
	}
}

// Apply makes changes, as registry.Store says.
func (s *Store) Apply(ctx context.Context, changes ...registry.Change) error {
	store, err := s.use(ctx)
	if err != nil {
		return err
	}
	return store.Apply(ctx, changes...)
}

// Limits returns those of a registry in etcd.
func (s *Store) Limits() (changes, bytes int) { return etcd.MaxChanges, etcd.MaxBytes }

// Close does nothing: the client is the caller's.
func (s *Store) Close() error { return nil }

// Changes calls changed when records may have changed otherwise than by this Store, at most
// once in the time that gap returns, until ctx ends.
func (s *Store) Changes(ctx context.Context, gap func() time.Duration, changed func()) {
	store, err := s.use(ctx)
	for err != nil {
		if !wait(ctx, retryAfter) {
			return
		}
		store, err = s.use(ctx)
	}
	for range store.Changes(ctx) {
		changed()
		for begun := time.Now(); time.Since(begun) < gap(); { // which may get shorter meanwhile
			if !wait(ctx, min(gap(), step)) {
				return
			}
		}
	}
}

// wait waits; it returns false when ctx has ended.
func wait(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
