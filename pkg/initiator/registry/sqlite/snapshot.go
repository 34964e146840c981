package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"time"

	codes "modernc.org/sqlite/lib"
)

// needsSnapshot reports what SQLite says of a file that it can read only if it
// may make a log or its index beside it: no permission, or no space.
func needsSnapshot(err error) bool {
	return code(err) == codes.SQLITE_READONLY || code(err) == codes.SQLITE_CANTOPEN || err != nil && problemOf(err) == Full
}

// snapshot returns a database in memory with what the file and its log hold, for a
// process that must not or cannot write to the folder. It makes no file and takes no lock.
func (c config) snapshot(ctx context.Context, f *os.File) (*sql.DB, error) {
	b, err := c.readWhole(ctx, f)
	if err != nil {
		return nil, err
	}
	b[offWriteVersion], b[offReadVersion] = versionJournal, versionJournal // no log, in memory
	db, err := sql.Open("sqlite", ":memory:?_pragma=query_only(1)")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1) // it is the database
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Close() //nolint:errcheck // it goes back to the pool
	err = conn.Raw(func(conn any) error {
		return conn.(interface{ Deserialize([]byte) error }).Deserialize(b)
	})
	return db, err
}

// readWhole returns the contents of the file and its log as they are at one moment.
// Where they change while they are read, it tries again, for busyLimit at most.
func (c config) readWhole(ctx context.Context, f *os.File) ([]byte, error) {
	for begin := time.Now(); ; {
		b, err := c.readOnce(f)
		if b != nil || err != nil {
			return b, err
		}
		if time.Since(begin) > c.busyLimit {
			return nil, &FileError{Path: c.path, Problem: Busy, Reason: "it changed while it was read"}
		}
		select {
		case <-time.After(rand.N(20 * time.Millisecond)):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// readOnce reads the file, the log, and the file again. Contents go from the log to
// the file, and never back: where the file is the same both times, it was so when
// the log was read. It returns nil where something has changed.
func (c config) readOnce(f *os.File) ([]byte, error) {
	if _, err := checkFile(c.path, f); err != nil {
		return nil, err
	}
	if info, err := os.Lstat(c.path + "-journal"); err == nil && info.Size() > 0 {
		return nil, &FileError{Path: c.path, Problem: Denied, Reason: "an unfinished change is in " + c.path + "-journal; a user who may write to the registry must open it first"}
	}
	info, err := f.Stat()
	if err != nil {
		return nil, fileError(c.path, err)
	}
	database, err := io.ReadAll(io.NewSectionReader(f, 0, info.Size()))
	if err != nil {
		return nil, fileError(c.path, err)
	}
	if c.whileRead != nil {
		c.whileRead()
	}
	log, err := readLog(c.path)
	if err != nil {
		return nil, err
	}
	defer log.close()
	same, err := holds(f, database)
	if err != nil {
		return nil, fileError(c.path, err)
	}
	if !same || !log.unbegun() {
		return nil, nil
	}
	if database = log.replay(database); len(database) < headerLen {
		return nil, &FileError{Path: c.path, Problem: Damaged, Reason: "cut off"}
	}
	return database, nil
}

// holds reports whether the contents of a file are want.
func holds(f *os.File, want []byte) (bool, error) {
	info, err := f.Stat()
	if err != nil || info.Size() != int64(len(want)) {
		return false, err
	}
	const step = 64 << 10
	buf := make([]byte, step)
	for at := 0; at < len(want); at += step {
		part := want[at:min(at+step, len(want))]
		n, err := f.ReadAt(buf[:len(part)], int64(at))
		if err != nil && !errors.Is(err, io.EOF) {
			return false, err
		}
		if !bytes.Equal(buf[:n], part) {
			return false, nil
		}
	}
	return true, nil
}
