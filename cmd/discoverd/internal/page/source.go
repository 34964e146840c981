package page

import (
	"context"
	"iter"
	"time"

	"github.com/go-iscsi/discovery/cmd/internal/paths"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/watch"
)

// A Source is where the page has its facts from. Its methods are called by many
// requests at once.
type Source interface {
	// Matrix returns what the registry has of the paths.
	Matrix(ctx context.Context) (*paths.Matrix, error)

	// Picture returns the paths to a target; nil: it is not known.
	Picture(ctx context.Context, name string) (*paths.Picture, error)

	// Targets yields the targets of the registry in the order of their names.
	Targets(ctx context.Context) iter.Seq2[registry.KnownTarget, error]

	// States returns how the entries that are watched stand.
	States() []watch.State

	// Events returns the events that are kept since a time, the oldest first.
	Events(since time.Time) []watch.Event
}
