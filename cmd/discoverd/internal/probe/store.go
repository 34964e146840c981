package probe

import (
	"context"

	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// An unchanged is a registry.Store that is read and never written: what a probe learns is
// not kept.
type unchanged struct{ registry.Store }

// Apply takes changes and makes none.
func (unchanged) Apply(_ context.Context, changes ...registry.Change) error {
	return registry.CheckChanges(changes)
}

// Close leaves the Store open: it is the daemon's.
func (unchanged) Close() error { return nil }
