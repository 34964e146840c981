package host

import (
	"context"
	"errors"
	"maps"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/pkg/initiator/registry/etcd"
)

// followConfig reads config/ and what changes in it, until ctx ends.
func (h *Host) followConfig(ctx context.Context) {
	p := pause{first: h.cfg.limits.first, most: h.cfg.Every}
	f := &follower{Host: h}
	for ctx.Err() == nil {
		err := f.run(ctx)
		if ctx.Err() != nil {
			return
		}
		if f.read {
			p.reset()
		}
		if e := (*etcd.Error)(nil); errors.As(err, &e) && e.State == etcd.Compacted || errors.Is(err, errRestored) {
			err = nil // it was cut off for long; all is read again
		}
		h.set(func(h *Host) { h.configErr = err })
		p.wait(ctx, kindOf(err))
	}
}

// errRestored is an etcd that was restored from a snapshot: it has what is older than what was
// read, and a watch that begins behind that would tell nothing of what is written now.
var errRestored = errors.New("etcd was restored from a snapshot")

// compareRevisions has config/ read again where etcd has a lower revision than it had when
// config/ was read last.
func (h *Host) compareRevisions(newest, revision int64) {
	if revision < newest {
		select {
		case h.restored <- struct{}{}:
		default:
		}
	}
}

// A follower reads config/.
type follower struct {
	*Host
	records map[string]record
	partial bool              // there are more
	told    map[string]record // as they were when Config.Wanted was called last; nil: it was not
	toldAll bool              // and there were no more
	read    bool              // by this connection
}

// run reads all, and then what changes, until something fails.
func (f *follower) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(clientv3.WithRequireLeader(ctx))
	defer cancel()
	prefix := f.cfg.Keys.Config()
	f.records, f.partial, f.read = make(map[string]record), false, false
	select {
	case <-f.restored:
	default:
	}
	revision, err := f.pages().Read(ctx, prefix, clientv3.GetPrefixRangeEnd(prefix), 0, f.take)
	if err != nil {
		return f.explain("read", prefix, err)
	}
	f.read = true
	f.newest.Store(revision)
	f.set(func(h *Host) { h.configErr = nil })
	watch := f.cfg.Client.Watch(ctx, prefix, clientv3.WithPrefix(), clientv3.WithRev(revision+1))
	for {
		f.tell(revision)
		revision, err = f.next(ctx, watch)
		if err != nil {
			return f.explain("watch", prefix, err)
		}
		f.newest.Store(revision)
		if f.partial { // which records are read depends on all others
			return nil
		}
	}
}

// next takes changes: the next one, and those that come within writeGap.
func (f *follower) next(ctx context.Context, watch clientv3.WatchChan) (revision int64, err error) {
	var gap <-chan time.Time
	for {
		select {
		case r, open := <-watch:
			if err := etcd.WatchError(r, open); err != nil {
				return 0, err
			}
			for _, e := range r.Events {
				f.change(e)
			}
			if revision = r.Header.Revision; gap == nil {
				gap = time.After(writeGap)
			}
		case <-gap:
			return revision, nil
		case <-f.restored:
			return 0, errRestored
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

func (f *follower) change(e *clientv3.Event) {
	if e.Type == clientv3.EventTypeDelete {
		delete(f.records, string(e.Kv.Key))
		return
	}
	f.take(e.Kv)
}

// take takes a record, if there is room.
func (f *follower) take(kv *mvccpb.KeyValue) {
	key := string(kv.Key)
	if _, ok := f.records[key]; !ok && len(f.records) >= MaxConfig {
		f.partial = true
		return
	}
	f.records[key] = readRecord(f.cfg.Keys, kv)
}

// tell calls Config.Wanted where something has changed.
func (f *follower) tell(revision int64) {
	if f.told != nil && f.toldAll == !f.partial && alike(f.told, f.records) {
		return
	}
	f.told, f.toldAll = maps.Clone(f.records), !f.partial
	f.cfg.Wanted(wanted(f.records, revision, f.partial))
}
