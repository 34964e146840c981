package etcd_test

import (
	"context"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/pkg/initiator/registry/etcd"
	"github.com/go-iscsi/discovery/test/etcdtest"
)

// TestChanges: what another process changed is told, once for what came together, also
// after the server was away and its history was compacted.
func TestChanges(t *testing.T) {
	t.Parallel()
	for _, kind := range etcdtest.Kinds() {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			server := etcdtest.Start(t, etcdtest.Options{Kind: kind})
			cfg := etcd.Config{Endpoints: []string{server.URL()}, DialTimeout: 20 * time.Second, RequestTimeout: time.Minute}
			s := open(t, dial(t, cfg), "c/")
			other := open(t, server.Client(t), "c/")
			ctx, stop := context.WithCancel(t.Context())
			changes := s.Changes(ctx)
			wantChange(t, changes, "that it watches")
			apply(t, s, set("own", []byte("1")), set("own large", value('a', etcd.PartLen)))
			put(t, server.Client(t), "c/w/x", "") // no record
			put(t, server.Client(t), "d/r/x", "")
			apply(t, other, set("k", []byte("1")))
			wantChange(t, changes, "the change")
			wantNoChange(t, changes)
			wantForeign(t, server, "c/r/own", s, false)
			wantForeign(t, server, "c/r/own large", s, false)
			wantForeign(t, server, "c/r/own", other, true)
			wantForeign(t, server, "c/r/k", s, true)

			for range 20 { // the reader takes no value: the rest is one
				apply(t, other, set("k", []byte("2")))
			}
			wantChange(t, changes, "the first of many")

			server.Kill()
			server.Start(t)
			server.AwaitHealthy(t)
			apply(t, other, set("k", value('a', etcd.PartLen)))
			server.Compact(t)
			wantChange(t, changes, "what was missed")
			apply(t, other, remove("k"))
			wantChange(t, changes, "the removal")
			stop()
			for range changes { // it is closed
			}
		})
	}
}

// TestChangesRestored: what is changed in an etcd that was restored from an early snapshot,
// whose revisions are lower than before, is told.
func TestChangesRestored(t *testing.T) {
	t.Parallel()
	server := etcdtest.Start(t, etcdtest.Options{Kind: etcdtest.Built})
	root := server.Client(t)
	for range 100 {
		put(t, root, "other", "")
	}
	s := open(t, dial(t, etcd.Config{Endpoints: []string{server.URL()}, DialTimeout: 20 * time.Second, RequestTimeout: time.Minute}), "c/")
	s.SetCompare(100 * time.Millisecond)
	changes := s.Changes(t.Context())
	wantChange(t, changes, "that it watches")
	server.Kill()
	server.Empty(t)
	server.Start(t)
	server.AwaitHealthy(t)
	wantChange(t, changes, "what was changed by the restoration")
	apply(t, open(t, root, "c/"), set("k", []byte("1")))
	wantChange(t, changes, "the change")
}

func wantChange(t *testing.T, changes <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-changes:
	case <-time.After(time.Minute):
		t.Fatalf("not told: %s", what)
	}
}

// wantNoChange holds that nothing is waiting. What is on its way is not seen by it.
func wantNoChange(t *testing.T, changes <-chan struct{}) {
	t.Helper()
	select {
	case <-changes:
		t.Error("told twice, or told what is no record")
	default:
	}
}

// wantForeign holds whether a Store would tell of the change that made a key what it is.
func wantForeign(t *testing.T, server *etcdtest.Server, key string, s *etcd.Store, want bool) {
	t.Helper()
	got, err := server.Client(t).Get(t.Context(), key)
	if err != nil || len(got.Kvs) != 1 {
		t.Fatalf("%s: got %v, %v", key, got, err)
	}
	if is := s.IsForeign(&clientv3.Event{Type: clientv3.EventTypePut, Kv: got.Kvs[0]}); is != want {
		t.Errorf("%s: got %v, want that it is told: %v", key, is, want)
	}
}
