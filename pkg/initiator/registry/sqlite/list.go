package sqlite

import (
	"context"
	"database/sql"
	"iter"
	"strings"

	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// A page of a List ends after so many records, or so many bytes of values.
const (
	pageRecords = 256
	pageBytes   = 1 << 20
)

// List yields the records whose keys begin with prefix, in the order of the
// keys' bytes. It reads a page at a time and holds nothing between pages.
func (s *Store) List(ctx context.Context, prefix string) iter.Seq2[registry.Record, error] {
	return func(yield func(registry.Record, error) bool) {
		for from, more := prefix, true; more; {
			var page []registry.Record
			err := s.retry(ctx, func() (err error) {
				page, more, err = readPage(ctx, s.page, prefix, from)
				return err
			})
			for _, r := range page {
				if err == nil {
					err = ctx.Err()
				}
				if err != nil {
					break
				}
				if !yield(r, nil) {
					return
				}
				from = r.Key + "\x00" // the least key that is greater
			}
			if err != nil {
				yield(registry.Record{}, err)
				return
			}
		}
	}
}

// readPage returns records with prefix whose keys are from or greater, and
// whether there may be more.
func readPage(ctx context.Context, stmt *sql.Stmt, prefix, from string) (page []registry.Record, more bool, err error) {
	rows, err := stmt.QueryContext(ctx, []byte(from))
	if err != nil {
		return nil, false, err
	}
	defer rows.Close() //nolint:errcheck // Err tells
	for size := 0; rows.Next(); {
		var r registry.Record
		if err := rows.Scan(&r.Key, &r.Version, &r.Value); err != nil {
			return nil, false, err
		}
		if !strings.HasPrefix(r.Key, prefix) {
			return page, false, nil
		}
		page = append(page, r)
		if size += len(r.Value); len(page) == pageRecords || size > pageBytes {
			return page, true, nil
		}
	}
	return page, false, rows.Err()
}
