package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// BusyLimit is how long a writer waits for those of other processes.
const BusyLimit = 30 * time.Second

// A Store is a registry in a file. Make one with Open or OpenReadOnly.
//
// Readers do not wait; writers wait for each other, for [BusyLimit] at most. A caller that
// changes several records by what it has read uses [Store.Revise]. Network file systems
// are not suited: their locks do not hold.
//
// When Apply returns nil, the change is on the disk: write-ahead log, synchronous=FULL,
// and F_FULLFSYNC where the system has it. The process or the host may then stop at any
// moment.
type Store struct {
	config
	opened  fs.FileInfo // the file, to know it again
	release func()      // the file, after db is closed; see heldFile
	db      *sql.DB
	writing chan struct{} // holds a token while a goroutine of ours writes

	// damaged is how damage was met first. SQLite notices it only where it reads
	// the disk, and would go on where it knows a page from before.
	damaged atomic.Pointer[FileError]

	get, page, bump, version, put, remove *sql.Stmt
}

// Statements. The page of a List is found by the key that it begins at, so that
// nothing is held from one page to the next.
const (
	sqlGet     = `SELECT version, value FROM record WHERE key = ?`
	sqlPage    = `SELECT key, version, value FROM record WHERE key >= ? ORDER BY key`
	sqlBump    = `UPDATE revision SET n = n + 1 RETURNING n`
	sqlVersion = `SELECT version FROM record WHERE key = ?`
	sqlPut     = `INSERT INTO record VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET version = excluded.version, value = excluded.value`
	sqlRemove  = `DELETE FROM record WHERE key = ?`
)

// prepare has SQLite compile the statements.
func (s *Store) prepare(ctx context.Context) error {
	for text, stmt := range map[string]**sql.Stmt{
		sqlGet: &s.get, sqlPage: &s.page, sqlBump: &s.bump, sqlVersion: &s.version, sqlPut: &s.put, sqlRemove: &s.remove,
	} {
		var err error
		if *stmt, err = s.db.PrepareContext(ctx, text); err != nil {
			return err
		}
	}
	return nil
}

// Get returns the record of a key, with Version 0 where there is none.
func (s *Store) Get(ctx context.Context, key string) (registry.Record, error) {
	r := registry.Record{Key: key}
	err := s.retry(ctx, func() error {
		err := s.get.QueryRowContext(ctx, []byte(key)).Scan(&r.Version, &r.Value)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		return err
	})
	return r, err
}

// Apply makes all changes, or none. They are on the disk when it returns nil. To a
// file in which damage was met nothing is written any more.
func (s *Store) Apply(ctx context.Context, changes ...registry.Change) error {
	if err := registry.CheckChanges(changes); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil || len(changes) == 0 {
		return err
	}
	release, err := s.mayWrite(ctx)
	if err != nil {
		return err
	}
	defer release()
	return s.retry(ctx, func() error { return s.transact(ctx, changes) })
}

// Limits returns that there are none.
func (s *Store) Limits() (changes, bytes int) { return 0, 0 }

// mayWrite waits until no other goroutine of this process writes. Call release
// afterwards.
func (s *Store) mayWrite(ctx context.Context) (release func(), err error) {
	if s.readOnly {
		return nil, &FileError{Path: s.path, Problem: Denied, Reason: "it was opened for reading only"}
	}
	if e := s.damaged.Load(); e != nil {
		return nil, e
	}
	select {
	case s.writing <- struct{}{}:
		return func() { <-s.writing }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// transact makes changes in one transaction, which has the file to itself from
// its beginning.
func (s *Store) transact(ctx context.Context, changes []registry.Change) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // it is committed, or the error is known
	if err := checkPlace(s.path, s.opened); err != nil {
		return err
	}
	return s.change(ctx, tx, changes)
}

// change makes changes and commits them.
func (s *Store) change(ctx context.Context, tx *sql.Tx, changes []registry.Change) error {
	version, bump := tx.StmtContext(ctx, s.version), tx.StmtContext(ctx, s.bump)
	put, remove := tx.StmtContext(ctx, s.put), tx.StmtContext(ctx, s.remove)
	var revision int64 // of this batch, once a record of it needs one
	for _, c := range changes {
		key := []byte(c.Key)
		if c.Version != registry.AnyVersion {
			var have uint64
			err := version.QueryRowContext(ctx, key).Scan(&have)
			if err != nil && !errors.Is(err, sql.ErrNoRows) {
				return err
			}
			if have != c.Version {
				return &registry.ConflictError{Key: c.Key, Want: c.Version, Have: have}
			}
		}
		if c.Delete {
			if _, err := remove.ExecContext(ctx, key); err != nil {
				return err
			}
			continue
		}
		if revision == 0 {
			if err := bump.QueryRowContext(ctx).Scan(&revision); err != nil {
				return err
			}
		}
		value := append([]byte{}, c.Value...) // nil would be NULL
		if _, err := put.ExecContext(ctx, key, revision, value); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// retry runs f until no other process has locked the database, for busyLimit at most. SQLite itself
// waits where it can; what is left are moments such as that when another process
// makes or takes away the log.
func (s *Store) retry(ctx context.Context, f func() error) error {
	for begin := time.Now(); ; {
		err := f()
		if err == nil || problemOf(err) != Busy || time.Since(begin) > s.busyLimit {
			err = fail(ctx, s.path, err)
			var file *FileError
			if errors.As(err, &file) && file.Problem == Damaged {
				s.damaged.CompareAndSwap(nil, file)
			}
			return err
		}
		select {
		case <-time.After(rand.N(20 * time.Millisecond)):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Check has SQLite read the whole file, and returns a *FileError where it is
// damaged. Open does so, too, but for what takes longer: Check also holds each record
// against the constraints of its table.
func (s *Store) Check(ctx context.Context) error {
	return s.retry(ctx, func() error { return integrity(ctx, s.path, s.db, "integrity_check(1)") })
}

// Close frees what the Store holds. The last one of a file also tidies up its
// log.
func (s *Store) Close() error {
	if s.db == nil {
		return nil
	}
	defer s.release()
	return fail(context.Background(), s.path, s.db.Close())
}
