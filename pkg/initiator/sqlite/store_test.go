package sqlite_test

import (
	"path/filepath"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/storetest"
)

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) initiator.Store { return open(t, filepath.Join(t.TempDir(), "registry.db")) })
}

func TestSharedStore(t *testing.T) {
	t.Parallel()
	storetest.RunShared(t, func(t *testing.T, folder string) initiator.Store {
		return open(t, filepath.Join(folder, "registry.db"))
	})
}
