package sqlite

import (
	"context"
	"database/sql"
	"io"
	"os"

	codes "modernc.org/sqlite/lib"
)

// needsSnapshot reports what SQLite says of a file that it can read only if it
// may make a log beside it.
func needsSnapshot(err error) bool {
	return code(err) == codes.SQLITE_READONLY || code(err) == codes.SQLITE_CANTOPEN
}

// snapshot returns a database in memory with what the file holds: for a reader
// who must not write to the folder, while nobody has the registry open.
func (c config) snapshot(ctx context.Context, f *os.File) (*sql.DB, error) {
	b, err := c.readWhole(f)
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

// readWhole returns the contents of the file, unless somebody writes to it
// meanwhile.
func (c config) readWhole(f *os.File) ([]byte, error) {
	before, err := f.Stat()
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.NewSectionReader(f, 0, before.Size()))
	if err != nil {
		return nil, err
	}
	after, err := f.Stat()
	if err != nil {
		return nil, err
	}
	hot, err := checkFile(c.path, f)
	if err == nil && (hot || after.Size() != before.Size() || !after.ModTime().Equal(before.ModTime())) {
		err = &FileError{Path: c.path, Problem: Busy, Reason: "it changes while it is read"}
	}
	return b, err
}
