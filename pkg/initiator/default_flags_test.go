package initiator_test

import (
	"context"
	"io/fs"
	"os"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator"
)

// A refusedStore may not be read.
type refusedStore struct{ initiator.Store }

func (refusedStore) Get(context.Context, string) (initiator.Record, error) {
	return initiator.Record{}, &fs.PathError{Op: "open", Path: "registry.db", Err: os.ErrPermission}
}

// TestDefaultFlagsDenied (issue 13, 45): where the registry may not be read, that is
// what the code says.
func TestDefaultFlagsDenied(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(cfg *initiator.Config) { cfg.Store = refusedStore{cfg.Store} })
	_, err := w.DefaultSecurityFlags(t.Context())
	want := initiator.Code(w.RemoveStaticTarget(t.Context(), "iqn.2026-11.com.example:a")) // as elsewhere
	if got := initiator.Code(err); got != want || got == initiator.CodeNonSpecificError {
		t.Errorf("got %v (%s), want %s", err, initiator.CodeName(got), initiator.CodeName(want))
	}
}
