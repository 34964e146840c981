package etcd

import (
	"context"
	"slices"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// How long after a watch ended another one begins: twice as long each time that it ends
// at once.
const (
	minWatchPause = 100 * time.Millisecond
	maxWatchPause = 10 * time.Second
)

// compareEvery is how often etcd is asked whether its revision is lower than before.
const compareEvery = time.Minute

// Changes returns a channel that has a value when records may have changed otherwise than
// by this Store's own puts: what changed meanwhile is one value. The first comes as soon as
// etcd watches, and one after each time that it did not, for what was missed then. It is
// closed when ctx ends. It fits watch.Config.Reload.
func (s *Store) Changes(ctx context.Context) <-chan struct{} {
	changes := make(chan struct{}, 1)
	go func() {
		defer close(changes)
		for pause := minWatchPause; ; pause = min(2*pause, maxWatchPause) {
			if s.watch(ctx, changes) {
				pause = minWatchPause
			}
			if !wait(ctx, pause) {
				return
			}
		}
	}()
	return changes
}

// watch tells of changes until the watch ends, as it does without a leader, where its
// revision was compacted and where the user may not read, or etcd was restored from a snapshot:
// the watch begins behind what is written there. began: it had begun.
func (s *Store) watch(ctx context.Context, changes chan<- struct{}) (began bool) {
	ctx, stop := context.WithCancel(clientv3.WithRequireLeader(ctx))
	defer stop()
	newest := int64(0)
	compare := time.NewTicker(s.compare)
	defer compare.Stop()
	watch := s.client.Watch(ctx, s.prefix+nameRecords, clientv3.WithPrefix(), clientv3.WithCreatedNotify(), clientv3.WithProgressNotify(), clientv3.WithFragment())
	for {
		select {
		case answer, open := <-watch:
			if !open || answer.Err() != nil {
				return began
			}
			newest, began = max(newest, answer.Header.Revision), began || answer.Created
			if answer.Created || slices.ContainsFunc(answer.Events, s.isForeign) {
				select {
				case changes <- struct{}{}:
				default: // there is one already
				}
			}
		case <-compare.C:
			asking, end := context.WithTimeout(ctx, s.timeout)
			now, err := s.client.Get(asking, s.format(), clientv3.WithCountOnly())
			if end(); err == nil && now.Header.Revision < newest {
				return began
			}
		}
	}
}

// isForeign reports a change that this Store may not have made.
func (s *Store) isForeign(e *clientv3.Event) bool {
	return e.Type != clientv3.EventTypePut || !s.own.wrote(e.Kv.Value)
}
