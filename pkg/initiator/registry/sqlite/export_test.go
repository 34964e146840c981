package sqlite

import (
	"context"
	"time"
)

// OpenLimit opens a registry whose writers wait no longer than limit.
func OpenLimit(ctx context.Context, path string, limit time.Duration) (*Store, error) {
	return open(ctx, config{path: path, busyLimit: limit})
}

// OpenSnapshot opens a registry as a reader who must not write to it. whileRead is
// called between the file and its log.
func OpenSnapshot(ctx context.Context, path string, whileRead func()) (*Store, error) {
	file, _, err := openFile(path)
	if err != nil {
		return nil, err
	}
	s := &Store{
		config: config{path: path, readOnly: true, busyLimit: BusyLimit, whileRead: whileRead},
		opened: file.info, writing: make(chan struct{}, 1), release: file.release,
	}
	if s.db, err = s.snapshot(ctx, file.File); err != nil {
		return nil, err
	}
	return s, s.start(ctx, false)
}
