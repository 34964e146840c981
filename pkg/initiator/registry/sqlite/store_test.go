package sqlite_test

import (
	"path/filepath"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/storetest"
)

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) registry.Store { return open(t, filepath.Join(t.TempDir(), "registry.db")) })
}

func TestSharedStore(t *testing.T) {
	t.Parallel()
	storetest.RunShared(t, func(t *testing.T, folder string) registry.Store {
		return open(t, filepath.Join(folder, "registry.db"))
	})
}
