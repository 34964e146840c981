package memstore_test

import (
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/memstore"
	"github.com/go-iscsi/discovery/pkg/initiator/storetest"
)

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(*testing.T) initiator.Store { return new(memstore.Store) })
}
