package registry

import (
	"context"
	"iter"
	"maps"
	"slices"
	"strings"
)

// put writes a record, in the registry or for as long as the Service lives. Changes
// that go along with it are of the registry; its error may be a *ConflictError of these.
func (s *Service) put(ctx context.Context, key string, value []byte, persist bool, along ...Change) error {
	if !persist {
		s.mu.Lock()
		s.volatile[key] = value
		s.mu.Unlock()
		return nil
	}
	if err := s.cfg.Store.Apply(ctx, append(along, Change{Key: key, Version: AnyVersion, Value: value})...); err != nil {
		return storeError(err)
	}
	s.mu.Lock()
	delete(s.volatile, key) // what is set last counts
	s.mu.Unlock()
	return nil
}

// drop deletes a record, or returns missing where there is none.
func (s *Service) drop(ctx context.Context, key string, missing error) error {
	s.mu.Lock()
	_, there := s.volatile[key]
	delete(s.volatile, key)
	s.mu.Unlock()
	r, err := s.cfg.Store.Get(ctx, key)
	if err != nil {
		return storeError(err)
	}
	if r.Version == 0 {
		if there {
			return nil
		}
		return refused(missing)
	}
	return storeError(s.cfg.Store.Apply(ctx, Change{Key: key, Version: AnyVersion, Delete: true}))
}

// records yields records of the registry, and those that end with the Service
// in the place of stored ones of the same key.
func (s *Service) records(ctx context.Context, prefix string) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		s.mu.Lock()
		volatile := maps.Clone(s.volatile)
		s.mu.Unlock()
		for r, err := range s.cfg.Store.List(ctx, prefix) {
			if _, ok := volatile[r.Key]; ok && err == nil {
				continue
			}
			if !yield(r, err) || err != nil {
				return
			}
		}
		for _, key := range slices.Sorted(maps.Keys(volatile)) {
			if strings.HasPrefix(key, prefix) && !yield(Record{Key: key, Value: volatile[key]}, nil) {
				return
			}
		}
	}
}
