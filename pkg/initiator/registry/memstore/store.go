// Package memstore keeps a registry in memory: for tests, and for programs that
// want a Service without a file.
package memstore

import (
	"bytes"
	"context"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// A Store is an initiator.Store in memory. Its zero value is an empty one, ready
// to use.
type Store struct {
	// MaxChanges and MaxBytes are what one Apply takes, as a store elsewhere may have it; 0:
	// any number. They do not change while the store is in use.
	MaxChanges, MaxBytes int

	mu       sync.RWMutex // guards what follows
	records  map[string]registry.Record
	revision uint64 // of the last batch: the version of all that it set
}

// Get returns the record of a key, with Version 0 where there is none.
func (s *Store) Get(ctx context.Context, key string) (registry.Record, error) {
	if err := ctx.Err(); err != nil {
		return registry.Record{}, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	r, ok := s.records[key]
	if !ok {
		return registry.Record{Key: key}, nil
	}
	r.Value = bytes.Clone(r.Value)
	return r, nil
}

// List yields the records whose keys begin with prefix, in the order of the
// keys' bytes. What is added while it runs does not show.
func (s *Store) List(ctx context.Context, prefix string) iter.Seq2[registry.Record, error] {
	return func(yield func(registry.Record, error) bool) {
		if err := ctx.Err(); err != nil {
			yield(registry.Record{}, err)
			return
		}
		for _, key := range s.keys(prefix) {
			r, err := s.Get(ctx, key)
			if err == nil && r.Version == 0 {
				continue // deleted meanwhile
			}
			if !yield(r, err) || err != nil {
				return
			}
		}
	}
}

// keys returns the keys that begin with prefix, in order.
func (s *Store) keys(prefix string) []string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	keys := slices.Collect(maps.Keys(s.records))
	keys = slices.DeleteFunc(keys, func(key string) bool { return !strings.HasPrefix(key, prefix) })
	slices.Sort(keys)
	return keys
}

// Apply makes all changes or none.
func (s *Store) Apply(ctx context.Context, changes ...registry.Change) error {
	if err := registry.CheckChanges(changes); err != nil {
		return err
	}
	if err := registry.CheckLimits(changes, s.MaxChanges, s.MaxBytes); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range changes {
		if have := s.records[c.Key].Version; c.Version != registry.AnyVersion && c.Version != have {
			return &registry.ConflictError{Key: c.Key, Want: c.Version, Have: have}
		}
	}
	if s.records == nil {
		s.records = make(map[string]registry.Record)
	}
	s.revision++
	for _, c := range changes {
		if c.Delete {
			delete(s.records, c.Key)
			continue
		}
		s.records[c.Key] = registry.Record{Key: c.Key, Version: s.revision, Value: bytes.Clone(c.Value)}
	}
	return nil
}

// Limits returns MaxChanges and MaxBytes.
func (s *Store) Limits() (changes, bytes int) { return s.MaxChanges, s.MaxBytes }

// Close does nothing: there is nothing to free.
func (s *Store) Close() error { return nil }
