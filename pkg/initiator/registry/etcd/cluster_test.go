package etcd_test

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/etcd"
	"github.com/go-iscsi/discovery/test/etcdtest"
)

// cluster starts three members and returns how clients reach all of them.
func cluster(t *testing.T, kind etcdtest.Kind) ([]*etcdtest.Server, etcd.Config) {
	t.Helper()
	members := etcdtest.StartCluster(t, etcdtest.Options{Kind: kind}, etcdtest.Place{}, etcdtest.Place{}, etcdtest.Place{})
	cfg := etcd.Config{DialTimeout: 20 * time.Second, RequestTimeout: time.Minute}
	for _, m := range members {
		cfg.Endpoints = append(cfg.Endpoints, m.URL())
	}
	return members, cfg
}

// TestMembersDie: while one member after the other is killed and comes back, each
// increment of a counter counts once, those excepted of which the error says that it is not
// known, and a watch misses none for good.
func TestMembersDie(t *testing.T) {
	t.Parallel()
	for _, kind := range etcdtest.Kinds() {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			members, cfg := cluster(t, kind)
			ctx, stop := context.WithCancel(t.Context())
			var wg sync.WaitGroup
			sure, unsure := make([]int, 2), make([]int, 2)
			for i := range sure {
				s := open(t, dial(t, cfg), "c/")
				wg.Go(func() { sure[i], unsure[i] = countUp(t, ctx, s, byte('a'+i)) })
			}
			watcher := open(t, dial(t, cfg), "c/")
			changes := watcher.Changes(t.Context())
			for _, m := range members {
				m.Kill()
				await(t, watcher, changes, 10)
				m.Start(t)
				m.AwaitHealthy(t)
				await(t, watcher, changes, 10)
			}
			stop()
			wg.Wait()
			least := sure[0] + sure[1]
			most := least + unsure[0] + unsure[1]
			if got, err := strconv.Atoi(current(t, watcher)); err != nil || got < least || got > most {
				t.Errorf("got %d increments, %v, want %d, which were acknowledged, and at most %d more", got, err, least, most-least)
			}
		})
	}
}

// countUp increments a counter, beside a value in parts, until ctx ends, and returns how
// often it did, and how often that is not known.
func countUp(t *testing.T, ctx context.Context, s *etcd.Store, fill byte) (sure, unsure int) {
	for ctx.Err() == nil {
		r, err := s.Get(t.Context(), "counter")
		if err != nil {
			t.Errorf("Get: %v", err)
			return sure, unsure
		}
		have, _ := strconv.Atoi(string(r.Value)) // no record: 0
		changes := []registry.Change{{Key: "counter", Version: r.Version, Value: []byte(strconv.Itoa(have + 1))}}
		if have%7 == 0 {
			changes = append(changes, set("large", value(fill, etcd.InlineMax+1)))
		}
		err = s.Apply(t.Context(), changes...)
		var conflict *registry.ConflictError
		var said *etcd.Error
		switch {
		case err == nil:
			sure++
		case errors.As(err, &said) && said.Uncertain:
			unsure++
		case !errors.As(err, &conflict):
			t.Errorf("Apply: %v", err)
			return sure, unsure
		}
	}
	return sure, unsure
}

func current(t *testing.T, s *etcd.Store) string {
	t.Helper()
	r, err := s.Get(t.Context(), "counter")
	if err != nil {
		t.Fatal(err)
	}
	return string(r.Value)
}

// await waits until the counter has gone on by n, as the watch tells.
func await(t *testing.T, s *etcd.Store, changes <-chan struct{}, n int) {
	t.Helper()
	first, _ := strconv.Atoi(current(t, s))
	for {
		if now, _ := strconv.Atoi(current(t, s)); now >= first+n {
			return
		}
		select {
		case <-changes:
		case <-time.After(time.Minute):
			t.Fatalf("the counter stays at %s", current(t, s))
		}
	}
}
