package sqlite

import (
	"context"
	"time"
)

// OpenLimit opens a registry whose writers wait no longer than limit.
func OpenLimit(ctx context.Context, path string, limit time.Duration) (*Store, error) {
	return open(ctx, config{path: path, busyLimit: limit})
}
