package sqlite

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// create makes an empty registry, whole or not at all, and its folder. That
// another process was faster is no error.
func create(ctx context.Context, path string) error {
	for _, suffix := range sideFiles {
		if _, err := os.Lstat(path + suffix); err != nil {
			continue
		}
		if _, err := os.Lstat(path); err == nil {
			return nil // somebody has made it meanwhile, and works on it
		}
		// SQLite would play it back into the new file.
		return &FileError{Path: path, Problem: Damaged, Reason: "the file is gone, but there is " + path + suffix}
	}
	b, err := image(ctx)
	if err != nil {
		return fail(ctx, path, err)
	}
	folder := filepath.Dir(path)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return fileError(path, err)
	}
	// A link gives the finished file its name, and unlike a rename it never
	// takes the place of another's.
	draft := path + ".new-" + rand.Text()
	defer os.Remove(draft) //nolint:errcheck // there is nothing to do about it
	if err := writeFile(draft, b); err != nil {
		return fileError(path, err)
	}
	if err := os.Link(draft, path); err != nil && !errors.Is(err, fs.ErrExist) {
		return fileError(path, err)
	}
	return fileError(path, syncFolder(folder))
}

// writeFile makes a file that only its owner may use, on the disk when it
// returns.
func writeFile(path string, b []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
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
