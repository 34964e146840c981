package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/go-iscsi/discovery/internal/safefile"
)

// create makes an empty registry, whole or not at all, and its folder. That
// another process was faster is no error.
func create(ctx context.Context, path string) error {
	for _, suffix := range sideFiles {
		if _, err := os.Lstat(path + suffix); err != nil {
			continue
		}
		if _, err := os.Lstat(path); err == nil {
			return nil // another process has made it meanwhile, and works on it
		}
		// SQLite would play it back into the new file.
		return &FileError{Path: path, Problem: Damaged, Reason: "the file is missing, but there is " + path + suffix}
	}
	b, err := image(ctx)
	if err != nil {
		return fail(ctx, path, err)
	}
	if err := safefile.Create(path, b); !errors.Is(err, fs.ErrExist) {
		return fileError(path, err)
	}
	return nil
}

// image returns the bytes of an empty registry.
func image(ctx context.Context) ([]byte, error) {
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		return nil, err
	}
	defer db.Close() //nolint:errcheck // it has served
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Close() //nolint:errcheck // likewise
	if _, err := conn.ExecContext(ctx, fmt.Sprintf("pragma application_id = %d", applicationID)); err != nil {
		return nil, err
	}
	if err := migrate(ctx, conn, 0); err != nil {
		return nil, err
	}
	var b []byte
	err = conn.Raw(func(c any) error {
		b, err = c.(interface{ Serialize() ([]byte, error) }).Serialize()
		return err
	})
	if err != nil {
		return nil, err
	}
	b[offWriteVersion], b[offReadVersion] = versionWAL, versionWAL
	return b, nil
}
