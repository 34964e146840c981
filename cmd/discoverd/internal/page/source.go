package page

import (
	"context"
	"time"

	"github.com/go-iscsi/discovery/cmd/internal/paths"
	"github.com/go-iscsi/discovery/pkg/initiator/watch"
)

// A Source is where the page has its facts from. Its methods are called by many
// requests at once.
type Source interface {
	// Known returns what the registry has.
	Known(ctx context.Context) (*paths.Known, error)

	// States returns how the entries stand that are watched, in the order of their portals.
	States() []watch.State

	// Events returns the events since a time that are kept, the oldest first.
	Events(since time.Time) []watch.Event
}
