package sqlite

import (
	"context"
	"database/sql"
	"fmt"
)

// schemaVersion is the version that this package writes, in the user_version of
// the file.
const schemaVersion = 1

// The tables of schema 1. The texts stand in the file, too, and are compared.
const (
	// Keys are compared byte by byte, which is how SQLite orders blobs.
	createRecord = `CREATE TABLE record (key BLOB PRIMARY KEY NOT NULL, version INTEGER NOT NULL CHECK (version > 0), value BLOB NOT NULL) STRICT, WITHOUT ROWID`

	// The one row of revision counts batches. It only ever grows, so that a
	// version never comes again, whatever was deleted.
	createRevision = `CREATE TABLE revision (n INTEGER NOT NULL) STRICT`
)

// migrations bring a registry from the version that is their index to the next.
// A registry of version 0 is a database with our application id and no tables.
var migrations = [schemaVersion][]string{
	{createRecord, createRevision, `INSERT INTO revision VALUES (0)`},
}

// tables are the tables of the newest version, by name.
var tables = []string{createRecord, createRevision}

// querier is what a database, a connection and a transaction have in common.
type querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// migrate brings a registry from a version to the newest, in the transaction of
// its caller.
func migrate(ctx context.Context, q querier, from int) error {
	for _, steps := range migrations[from:] {
		for _, step := range steps {
			if _, err := q.ExecContext(ctx, step); err != nil {
				return err
			}
		}
	}
	_, err := q.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", schemaVersion))
	return err
}

// userVersion returns the version of a registry as the log has it: the file
// itself may lag behind.
func userVersion(ctx context.Context, path string, q querier) (int, error) {
	var version int
	if err := q.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return 0, err
	}
	if version < 0 {
		return 0, &FileError{Path: path, Problem: Damaged, Reason: fmt.Sprintf("schema %d", version)}
	}
	return version, checkVersion(path, int64(version))
}

// checkTables refuses a registry that has other tables than ours, or triggers
// and views that another program has added.
func checkTables(ctx context.Context, path string, q querier) error {
	rows, err := q.QueryContext(ctx, "SELECT coalesce(sql, name) FROM sqlite_schema ORDER BY name")
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // Err tells
	var n int
	for ; rows.Next(); n++ {
		var text string
		if err := rows.Scan(&text); err != nil {
			return err
		}
		if n >= len(tables) || text != tables[n] {
			return &FileError{Path: path, Problem: Damaged, Reason: fmt.Sprintf("it contains something that is not of a registry: %.60q", text)}
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if n < len(tables) {
		return &FileError{Path: path, Problem: Damaged, Reason: "a table is missing"}
	}
	return nil
}

// checkPages has SQLite look at each page of the file.
func checkPages(ctx context.Context, path string, q querier) error {
	return integrity(ctx, path, q, "quick_check(1)")
}

// integrity runs a check of SQLite.
func integrity(ctx context.Context, path string, q querier, pragma string) error {
	var result string
	if err := q.QueryRowContext(ctx, "PRAGMA "+pragma).Scan(&result); err != nil {
		return err
	}
	if result != "ok" {
		return &FileError{Path: path, Problem: Damaged, Reason: "its pages contradict each other"}
	}
	return nil
}
