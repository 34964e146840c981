package standing

import (
	"context"
	"errors"
	"io/fs"
	"iter"
	"os"
	"sync"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/sqlite"
)

// retryAfter is how long a file that cannot be opened is left alone: to judge one costs
// reading it.
const retryAfter = time.Second

// A Store is a registry.Store on a file that may come and go. Its zero value is not
// ready: Path is needed.
type Store struct {
	Path string

	// Open opens the file; nil: sqlite.OpenExisting, which makes none.
	Open func(ctx context.Context, path string) (registry.Store, error)

	mu     sync.Mutex // guards the following
	store  registry.Store
	users  *sync.WaitGroup // calls that use store
	opened fs.FileInfo     // the file of store
	broken bool            // a call failed: the file is opened again
	failed error           // why there is no store
	tried  time.Time       // when it failed
	closed bool
}

var errClosed = errors.New("the registry is closed")

// use returns the store as it is now, and what to call when the caller is done with it.
func (s *Store) use(ctx context.Context) (registry.Store, func(err error), error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, nil, errClosed
	}
	now, err := os.Stat(s.Path)
	if s.store != nil && (s.broken || err != nil || !os.SameFile(now, s.opened)) {
		s.leave()
		s.failed = nil // what is there now was not tried
	}
	if s.store == nil {
		if err := s.open(ctx); err != nil {
			return nil, nil, err
		}
	}
	store, users := s.store, s.users
	users.Add(1)
	return store, func(err error) {
		var file *sqlite.FileError
		if errors.As(err, &file) {
			s.mu.Lock()
			s.broken = s.broken || s.store == store
			s.mu.Unlock()
		}
		users.Done()
	}, nil
}

// open opens the file, unless it could not be opened just now. The caller has s.mu.
func (s *Store) open(ctx context.Context) error {
	if s.failed != nil && time.Since(s.tried) < retryAfter {
		return s.failed
	}
	open := s.Open
	if open == nil {
		open = func(ctx context.Context, path string) (registry.Store, error) { return sqlite.OpenExisting(ctx, path) }
	}
	opened, err := os.Stat(s.Path)
	var store registry.Store
	if err == nil {
		store, err = open(ctx, s.Path)
	}
	if err != nil {
		if ctx.Err() == nil {
			s.failed, s.tried = err, time.Now()
		}
		return err
	}
	s.store, s.users, s.opened, s.broken, s.failed = store, new(sync.WaitGroup), opened, false, nil
	return nil
}

// leave closes the store once all calls that use it have returned. The caller has s.mu.
func (s *Store) leave() {
	store, users := s.store, s.users
	s.store, s.users, s.opened = nil, nil, nil
	go func() {
		users.Wait()
		_ = store.Close() // its file is gone, or cannot be used
	}()
}

// Get returns a record, as registry.Store says.
func (s *Store) Get(ctx context.Context, key string) (registry.Record, error) {
	store, done, err := s.use(ctx)
	if err != nil {
		return registry.Record{}, err
	}
	r, err := store.Get(ctx, key)
	done(err)
	return r, err
}

// List yields records, as registry.Store says.
func (s *Store) List(ctx context.Context, prefix string) iter.Seq2[registry.Record, error] {
	return func(yield func(registry.Record, error) bool) {
		store, done, err := s.use(ctx)
		if err != nil {
			yield(registry.Record{}, err)
			return
		}
		var failed error
		defer func() { done(failed) }()
		for r, err := range store.List(ctx, prefix) {
			if err != nil {
				failed = err
			}
			if !yield(r, err) {
				return
			}
		}
	}
}

// Apply makes changes, as registry.Store says.
func (s *Store) Apply(ctx context.Context, changes ...registry.Change) error {
	store, done, err := s.use(ctx)
	if err != nil {
		return err
	}
	err = store.Apply(ctx, changes...)
	done(err)
	return err
}

// Limits returns those of a file of SQLite: none.
func (s *Store) Limits() (changes, bytes int) { return 0, 0 }

// Close closes the file.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if s.store == nil {
		return nil
	}
	s.users.Wait()
	store := s.store
	s.store = nil
	return store.Close()
}
