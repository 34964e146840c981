package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"path/filepath"
	"sync"
	"time"
)

// Open opens the registry at path. Where there is no file it makes one, whole or not at
// all, with mode 0600, and its folder with mode 0700. While a registry is in use SQLite
// keeps PATH-wal and PATH-shm beside it; after a crash PATH-wal holds acknowledged changes,
// so it belongs to the file. Copy a registry that is in use with SQLite's own means
// (VACUUM INTO, .backup).
//
// A file that is not a registry is refused with a [*FileError] and left as it is: one of
// another program, a damaged one, one of a newer version, an empty one, a folder, a
// symbolic link, a device. So is a file that others than its owner may write, or that
// everybody may read: its secrets are sealed, but a passphrase can be guessed. An
// administrator may let its group read it; a member of the group uses [OpenReadOnly],
// which then leaves no file behind.
func Open(ctx context.Context, path string) (*Store, error) {
	return open(ctx, config{path: path, make: true, busyLimit: BusyLimit})
}

// OpenExisting opens the registry at path, and makes none: without one the error
// is fs.ErrNotExist.
func OpenExisting(ctx context.Context, path string) (*Store, error) {
	return open(ctx, config{path: path, busyLimit: BusyLimit})
}

// OpenReadOnly opens the registry at path for reading, and makes none, either.
// It needs neither permission to write nor space on the disk: where it lacks one of
// them it reads the file and its log as they are now, sees no later change, and
// makes no file.
func OpenReadOnly(ctx context.Context, path string) (*Store, error) {
	return open(ctx, config{path: path, readOnly: true, busyLimit: BusyLimit})
}

// A config says what to open and how.
type config struct {
	path      string // absolute
	make      bool   // where there is none
	readOnly  bool
	busyLimit time.Duration
	whileRead func() // of tests: called between reading the file and reading its log; or nil
}

func open(ctx context.Context, cfg config) (_ *Store, err error) {
	if cfg.path, err = filepath.Abs(cfg.path); err != nil {
		return nil, fileError(cfg.path, err)
	}
	file, hot, err := openFile(cfg.path)
	if errors.Is(err, fs.ErrNotExist) && cfg.make {
		if err := create(ctx, cfg.path); err != nil {
			return nil, err
		}
		file, hot, err = openFile(cfg.path)
	}
	if err != nil {
		return nil, err
	}
	s := &Store{config: cfg, opened: file.info, writing: make(chan struct{}, 1), release: sync.OnceFunc(file.release)}
	defer func() {
		if err != nil {
			s.release()
		}
	}()
	// SQLite makes files beside the registry before it finds out that it may not write
	// to it, and what a stranger has made there keeps the owner out.
	denied := file.checkWritable(cfg.path)
	if denied != nil && !cfg.readOnly {
		return nil, denied
	}
	if denied == nil {
		err = s.begin(ctx, hot)
	}
	if cfg.readOnly && (denied != nil || needsSnapshot(err)) {
		if s.db != nil {
			_ = s.db.Close() // it has served
		}
		if s.db, err = cfg.snapshot(ctx, file.File); err != nil {
			return nil, fail(ctx, cfg.path, err)
		}
		err = s.start(ctx, false)
	}
	if err != nil {
		_ = s.Close() // there is nothing of ours in it
		return nil, err
	}
	return s, nil
}

// begin has SQLite open the file. hot says that there is something in the log.
func (s *Store) begin(ctx context.Context, hot bool) (err error) {
	if hot {
		// A connection that may write plays back the log when it closes, and the
		// file would not be left as it was.
		if err := s.look(ctx); err != nil {
			return err
		}
	}
	if s.db, err = s.connect("rw"); err != nil {
		return fail(ctx, s.path, err)
	}
	return s.start(ctx, hot)
}

// look judges what is in the file and its log, and changes neither.
func (s *Store) look(ctx context.Context) error {
	db, err := s.connect("ro")
	if err != nil {
		return fail(ctx, s.path, err)
	}
	defer db.Close() //nolint:errcheck // nothing was written through it
	return s.retry(ctx, func() error { return judge(ctx, s.path, db) })
}

// start judges what has not been, and makes the store ready for use.
func (s *Store) start(ctx context.Context, judged bool) error {
	return s.retry(ctx, func() error {
		if !judged {
			if err := judge(ctx, s.path, s.db); err != nil {
				return err
			}
		}
		if err := s.upgrade(ctx); err != nil {
			return err
		}
		if err := checkTables(ctx, s.path, s.db); err != nil {
			return err
		}
		if err := checkPlace(s.path, s.opened); err != nil {
			return err
		}
		return s.prepare(ctx)
	})
}

// judge refuses a file that is damaged, or of a version that we do not know.
func judge(ctx context.Context, path string, db *sql.DB) error {
	if _, err := userVersion(ctx, path, db); err != nil {
		return err
	}
	return checkPages(ctx, path, db)
}

// upgrade brings a registry to the newest version and to the use of a log.
func (s *Store) upgrade(ctx context.Context) error {
	version, err := userVersion(ctx, s.path, s.db)
	if err != nil {
		return err
	}
	if s.readOnly {
		if version < schemaVersion {
			return &FileError{Path: s.path, Problem: Older}
		}
		return nil
	}
	var mode string
	if err := s.db.QueryRowContext(ctx, "PRAGMA journal_mode = WAL").Scan(&mode); err != nil {
		return err
	}
	if mode != "wal" {
		return &FileError{Path: s.path, Problem: IO, Reason: "a write-ahead log is not possible here"}
	}
	if version == schemaVersion {
		return nil
	}
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()                                          //nolint:errcheck // it is committed, or the error is known
	if version, err = userVersion(ctx, s.path, tx); err != nil { // it may be done by now
		return err
	}
	if err := migrate(ctx, tx, version); err != nil {
		return err
	}
	return tx.Commit()
}
