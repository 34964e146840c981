package sqlite

import (
	"database/sql"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	_ "modernc.org/sqlite"
)

// maxConns bounds the connections to one file: one writes, the others read.
const maxConns = 4

// connect returns a pool of connections to the file, which it does not make. mode
// is ro, or rw, which also lets SQLite tidy up.
func (c config) connect(mode string) (*sql.DB, error) {
	options := url.Values{
		"mode":       {mode},
		"_txlock":    {"immediate"}, // a transaction that writes locks before it reads
		"_defensive": {"1"},         // the file may be another's work
		"_pragma": {
			fmt.Sprintf("busy_timeout(%d)", c.busyLimit.Milliseconds()),
			"synchronous(full)",
			"fullfsync(1)", // where fsync leaves data in the drive
			"secure_delete(1)",
			"trusted_schema(0)",
			"cell_size_check(1)",
		},
	}
	if c.readOnly {
		options.Add("_pragma", "query_only(1)")
	}
	name := filepath.ToSlash(c.path)
	if !strings.HasPrefix(name, "/") {
		name = "/" + name // C:/… on Windows
	}
	db, err := sql.Open("sqlite", "file://"+(&url.URL{Path: name}).EscapedPath()+"?"+options.Encode())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(maxConns)
	db.SetMaxIdleConns(maxConns)
	return db, nil
}
