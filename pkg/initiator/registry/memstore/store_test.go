package memstore_test

import (
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/memstore"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/storetest"
)

// TestLimits: a store that takes little at once says so, and is a Store all the same.
func TestLimits(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(*testing.T) registry.Store { return &memstore.Store{MaxChanges: 64, MaxBytes: 1 << 20} })
}

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(*testing.T) registry.Store { return new(memstore.Store) })
}
