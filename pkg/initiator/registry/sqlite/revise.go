package sqlite

import (
	"context"
	"database/sql"
	"iter"

	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// Revise has the file to itself while revise reads all records, in the order of their
// keys, and then makes the changes that revise returns, all or none: no other writer
// comes between what revise read and what it changes. The changes are on the disk when
// Revise returns nil. An error of revise is returned as it is, and nothing is changed;
// where another process writes, revise may be called again.
//
// Others can read meanwhile, and writers wait, so revise should not take long.
func (s *Store) Revise(ctx context.Context, revise func(records iter.Seq2[registry.Record, error]) ([]registry.Change, error)) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	release, err := s.mayWrite(ctx)
	if err != nil {
		return err
	}
	defer release()
	var refused error
	err = s.retry(ctx, func() error {
		refused = nil
		tx, err := s.db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer tx.Rollback() //nolint:errcheck // it is committed, or the error is known
		if err := checkPlace(s.path, s.opened); err != nil {
			return err
		}
		changes, err := revise(s.listIn(ctx, tx))
		if err == nil {
			err = registry.CheckChanges(changes)
		}
		if err != nil {
			refused = err
			return nil
		}
		return s.change(ctx, tx, changes)
	})
	if refused != nil {
		return refused
	}
	return err
}

// listIn yields all records as a transaction sees them.
func (s *Store) listIn(ctx context.Context, tx *sql.Tx) iter.Seq2[registry.Record, error] {
	return func(yield func(registry.Record, error) bool) {
		page := tx.StmtContext(ctx, s.page)
		for from, more := "", true; more; {
			var records []registry.Record
			var err error
			if records, more, err = readPage(ctx, page, "", from); err != nil {
				yield(registry.Record{}, fail(ctx, s.path, err))
				return
			}
			for _, r := range records {
				if !yield(r, nil) {
					return
				}
				from = r.Key + "\x00" // the least key that is greater
			}
		}
	}
}
