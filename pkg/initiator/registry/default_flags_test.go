package registry_test

import (
	"context"
	"io/fs"
	"os"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// A refusedStore may not be read.
type refusedStore struct{ registry.Store }

func (refusedStore) Get(context.Context, string) (registry.Record, error) {
	return registry.Record{}, &fs.PathError{Op: "open", Path: "registry.db", Err: os.ErrPermission}
}

// TestDefaultFlagsDenied (issue 13, 45): where the registry may not be read, that is
// what the code says.
func TestDefaultFlagsDenied(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(cfg *registry.Config) { cfg.Store = refusedStore{cfg.Store} })
	_, err := w.DefaultSecurityFlags(t.Context())
	if got := initiator.Code(err); got != isdsc.Win32AccessDenied {
		t.Errorf("got %v (%s), want ERROR_ACCESS_DENIED", err, isdsc.Name(got))
	}
}
