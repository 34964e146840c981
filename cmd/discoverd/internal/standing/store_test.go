package standing

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/memstore"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/sqlite"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/storetest"
)

// create makes a registry with one record.
func create(t *testing.T, path, value string) {
	t.Helper()
	s, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Apply(t.Context(), registry.Change{Key: "k", Value: []byte(value)}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// remove removes a registry with the files beside it.
func remove(t *testing.T, path string) {
	t.Helper()
	for _, end := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(path + end); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
	}
}

// TestStore: it does what a Store has to.
func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) registry.Store {
		path := filepath.Join(t.TempDir(), "registry.db")
		s, err := sqlite.Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		return &Store{Path: path}
	})
}

// TestReplaced: a file that comes, is replaced, and goes is followed.
func TestReplaced(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "registry.db")
	s := &Store{Path: path}
	want := func(when, value string) {
		t.Helper()
		r, err := s.Get(t.Context(), "k")
		if err != nil || string(r.Value) != value {
			t.Errorf("%s: got %q, %v, want %q", when, r.Value, err, value)
		}
	}
	gone := func(when string) {
		t.Helper()
		if _, err := s.Get(t.Context(), "k"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: got %v, want fs.ErrNotExist", when, err)
		}
		if err := s.Apply(t.Context(), registry.Change{Key: "k", Delete: true, Version: registry.AnyVersion}); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: Apply: got %v, want fs.ErrNotExist", when, err)
		}
		for _, err := range s.List(t.Context(), "") {
			if !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s: List: got %v, want fs.ErrNotExist", when, err)
			}
		}
		s.mu.Lock()
		s.tried = time.Time{} // it is long ago
		s.mu.Unlock()
	}
	gone("before there is one")
	create(t, path, "first")
	want("it is there", "first")
	create(t, filepath.Join(dir, "second.db"), "second")
	remove(t, path)
	if err := os.Rename(filepath.Join(dir, "second.db"), path); err != nil {
		t.Fatal(err)
	}
	want("it was replaced", "second")
	remove(t, path)
	gone("it was removed")
	if err := os.WriteFile(path, []byte("no registry"), 0o600); err != nil {
		t.Fatal(err)
	}
	var file *sqlite.FileError
	if _, err := s.Get(t.Context(), "k"); !errors.As(err, &file) {
		t.Errorf("it is damaged: got %v, want a *sqlite.FileError", err)
	}
	s.tried = time.Time{}
	remove(t, path)
	create(t, path, "third")
	want("it was mended", "third")
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, err := s.Get(t.Context(), "k"); err == nil {
		t.Error("a closed Store answers")
	}
}

// TestBroken: a store in which damage was met is opened again, not more often than once a
// second, and is closed when the calls that use it have returned.
func TestBroken(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "registry.db")
	create(t, path, "x")
	synctest.Test(t, func(t *testing.T) {
		opened := 0
		var closed atomic.Int32 // stores close in goroutines of their own
		damaged := &sqlite.FileError{Path: path}
		s := &Store{Path: path, Open: func(context.Context, string) (registry.Store, error) {
			opened++
			return &breaking{closed: &closed, err: damaged}, nil
		}}
		for range 3 {
			if _, err := s.Get(t.Context(), "k"); !errors.Is(err, damaged) {
				t.Errorf("got %v", err)
			}
		}
		synctest.Wait()
		if opened != 3 || closed.Load() != 2 {
			t.Errorf("it was opened %d times and closed %d times, want 3 and 2", opened, closed.Load())
		}
		refused := errors.New("refused")
		s.Open = func(context.Context, string) (registry.Store, error) { opened++; return nil, refused }
		for range 10 {
			if _, err := s.Get(t.Context(), "k"); !errors.Is(err, refused) {
				t.Errorf("got %v", err)
			}
		}
		if opened != 4 {
			t.Errorf("a file that cannot be opened was opened %d times, want once", opened-3)
		}
		time.Sleep(retryAfter)
		_, _ = s.Get(t.Context(), "k")
		if opened != 5 {
			t.Errorf("it was not tried again")
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}

// A breaking is a Store in which damage is met.
type breaking struct {
	memstore.Store
	closed *atomic.Int32
	err    error
}

func (b *breaking) Get(context.Context, string) (registry.Record, error) {
	return registry.Record{}, fmt.Errorf("get: %w", b.err)
}

func (b *breaking) Close() error { b.closed.Add(1); return nil }
