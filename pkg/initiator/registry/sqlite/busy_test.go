package sqlite_test

import (
	"context"
	"database/sql"
	"errors"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator/registry/sqlite"
)

// occupy begins a transaction that writes, as another process might, and returns
// the function that ends it.
func occupy(t *testing.T, path string) (end func()) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(t.Context(), "BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestBusy: a writer waits for another as long as it may, and says who is to
// blame; readers do not wait.
func TestBusy(t *testing.T) {
	t.Parallel()
	path := newRegistry(t, 3)
	s, err := sqlite.OpenLimit(t.Context(), path, 50*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	defer closeStore(t, s)
	end := occupy(t, path)
	wantProblem(t, s.Apply(t.Context(), set("k", "v")), sqlite.Busy)
	if n := len(all(t, s)); n != 3 {
		t.Errorf("a reader: got %d records, want 3", n)
	}
	second := open(t, path)
	closeStore(t, second)
	end()
	apply(t, s, set("k", "v"))
}

// TestBusyCancelled: who waits for another writer can be called off.
func TestBusyCancelled(t *testing.T) {
	t.Parallel()
	path := newRegistry(t, 3)
	s := open(t, path)
	defer closeStore(t, s)
	end := occupy(t, path)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := s.Apply(ctx, set("k", "v")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want context.DeadlineExceeded", err)
	}
	end()
	if got := get(t, s, "k"); got != "" {
		t.Errorf("got %q, want none", got)
	}
	apply(t, s, set("k", "v"))
}
