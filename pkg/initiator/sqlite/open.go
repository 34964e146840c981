package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"path/filepath"
)

// Open opens the registry at path, and makes one where there is none.
func Open(ctx context.Context, path string) (*Store, error) { return open(ctx, path, false) }

// OpenReadOnly opens the registry at path for reading, and makes none: without
// one the error is fs.ErrNotExist. It needs no permission to write.
func OpenReadOnly(ctx context.Context, path string) (*Store, error) { return open(ctx, path, true) }

func open(ctx context.Context, path string, readOnly bool) (*Store, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, &FileError{Path: path, Problem: IO, Err: err}
	}
	file, hot, err := openFile(path)
	if errors.Is(err, fs.ErrNotExist) && !readOnly {
		if err := create(ctx, path); err != nil {
			return nil, err
		}
		file, hot, err = openFile(path)
	}
	if err != nil {
		return nil, err
	}
	s := &Store{path: path, file: file, writing: make(chan struct{}, 1)}
	if err := s.start(ctx, readOnly, hot); err != nil {
		_ = s.Close() // there is nothing of ours in it
		return nil, err
	}
	return s, nil
}

// start has SQLite open the file, and judges what is in it before anything is
// written.
func (s *Store) start(ctx context.Context, readOnly, hot bool) error {
	if hot {
		// A connection that may write plays back the log when it closes, and the
		// file would not be left as it was.
		look, err := connect(s.path, "ro", true)
		if err != nil {
			return err
		}
		err = s.retry(ctx, func() error { return judge(ctx, s.path, look) })
		if err := errors.Join(err, look.Close()); err != nil {
			return fail(ctx, s.path, err)
		}
	}
	db, err := connect(s.path, "rw", readOnly)
	if err != nil {
		return err
	}
	s.db = db
	return s.retry(ctx, func() error {
		if !hot {
			if err := judge(ctx, s.path, db); err != nil {
				return err
			}
		}
		if err := upgrade(ctx, s.path, db, readOnly); err != nil {
			return err
		}
		if err := checkTables(ctx, s.path, db); err != nil {
			return err
		}
		if !sameFile(s.path, s.file.File) {
			return &FileError{Path: s.path, Problem: NotRegular, Reason: "it is being replaced"}
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
func upgrade(ctx context.Context, path string, db *sql.DB, readOnly bool) error {
	version, err := userVersion(ctx, path, db)
	if err != nil {
		return err
	}
	if readOnly {
		if version < schemaVersion {
			return &FileError{Path: path, Problem: Older}
		}
		return nil
	}
	var mode string
	if err := db.QueryRowContext(ctx, "PRAGMA journal_mode = WAL").Scan(&mode); err != nil {
		return err
	}
	if mode != "wal" {
		return &FileError{Path: path, Problem: IO, Reason: "no write-ahead log is possible here"}
	}
	if version == schemaVersion {
		return nil
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()                                        //nolint:errcheck // it is committed, or the error is known
	if version, err = userVersion(ctx, path, tx); err != nil { // it may be done by now
		return err
	}
	if err := migrate(ctx, tx, version); err != nil {
		return err
	}
	return tx.Commit()
}
