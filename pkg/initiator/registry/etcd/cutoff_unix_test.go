//go:build unix

package etcd_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator/registry/etcd"
	"github.com/go-iscsi/discovery/test/etcdtest"
)

// TestCutOff: a member without a majority shows nothing old, and takes nothing; one that
// hangs is passed over.
func TestCutOff(t *testing.T) {
	t.Parallel()
	members, cfg := cluster(t, etcdtest.Built)
	cfg.RequestTimeout = 6 * time.Second
	all := open(t, dial(t, cfg), "c/")
	apply(t, all, set("k", []byte("1")))
	alone := cfg
	alone.Endpoints = []string{members[0].URL()}
	s := open(t, dial(t, alone), "c/")

	members[1].Pause(t)
	wantValue(t, all, "k", []byte("1")) // after a while
	apply(t, all, set("k", []byte("2")))
	members[2].Pause(t)
	_, err := s.Get(t.Context(), "k")
	wantState(t, err, etcd.Unreachable)
	err = s.Apply(t.Context(), set("k", []byte("3")))
	wantState(t, err, etcd.Unreachable)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Get(ctx, "k"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	short, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := s.Get(short, "k"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want context.DeadlineExceeded", err)
	}
	members[1].Resume(t)
	members[2].Resume(t)
	members[0].AwaitHealthy(t)
	apply(t, s, set("k", []byte("4")))
	wantValue(t, all, "k", []byte("4"))
}
