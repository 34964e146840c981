// Package storetest holds an initiator.Store to its contract. It is for the
// stores of this module and for those of others.
package storetest

import (
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// Run tests what every Store has to do. open returns an empty one, another at
// each call; Run closes it.
func Run(t *testing.T, open func(t *testing.T) registry.Store) {
	t.Helper()
	run(t, open, []test{
		{"a key without a record", testNone},
		{"set, replace and delete", testSet},
		{"versions", testVersions},
		{"a version never comes again", testVersionsNeverAgain},
		{"conflict", testConflict},
		{"batch", testBatch},
		{"empty batch", testEmptyBatch},
		{"key twice in a batch", testTwice},
		{"limits", testLimits},
		{"large batch", testLargeBatch},
		{"large value", testLarge},
		{"values are the caller's own", testAlias},
		{"order", testOrder},
		{"prefixes", testPrefixes},
		{"list while deleting", testListDeleting},
		{"list while deleting ahead", testListDeletingAhead},
		{"list while inserting", testListInserting},
		{"list while replacing", testListReplacing},
		{"list within list", testListNested},
		{"list left early", testListLeft},
		{"list again", testListAgain},
		{"cancelled", testCancelled},
		{"list cancelled within", testListCancelled},
		{"cancelled anywhere", testCancelledAnywhere},
		{"counter", testCounter},
		{"readers see whole batches", testWholeBatches},
	})
}

// RunShared tests a Store that outlives its opener and may be open more than
// once at the same time. open opens the one that belongs to folder, and makes it
// where there is none; RunShared closes what it opened.
func RunShared(t *testing.T, open func(t *testing.T, folder string) registry.Store) {
	t.Helper()
	for _, tt := range []struct {
		name string
		run  func(t *testing.T, open func() registry.Store)
	}{
		{"reopened", testReopened},
		{"two at once", testTwoAtOnce},
		{"counter of several", testSharedCounter},
		{"opened and closed beside", testOpenedBeside},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			tt.run(t, func() registry.Store { return open(t, folder) })
		})
	}
}

// A test is one rule of the contract, on an empty store.
type test struct {
	name string
	run  func(t *testing.T, s registry.Store)
}

func run(t *testing.T, open func(t *testing.T) registry.Store, tests []test) {
	t.Helper()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			defer closeStore(t, s)
			tt.run(t, s)
		})
	}
}
