package etcd_test

import (
	"errors"
	"io/fs"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/etcd"
	"github.com/go-iscsi/discovery/test/etcdtest"
)

// testPermission: who may read reads, and is told that he may not write; who may do
// neither cannot open a registry.
func testPermission(t *testing.T, w *world) {
	prefix := w.prefix()
	apply(t, open(t, w.client, prefix), set("k", []byte("1")), set("large", value('a', etcd.PartLen)))
	reading := dial(t, w.config(t, "reader"))
	s := open(t, reading, prefix)
	wantValue(t, s, "k", []byte("1"))
	wantValue(t, s, "large", value('a', etcd.PartLen))
	if n, err := listError(t, s); n != 2 || err != nil {
		t.Errorf("got %d records, %v, want 2", n, err)
	}
	for _, v := range [][]byte{[]byte("2"), value('b', etcd.PartLen)} {
		err := s.Apply(t.Context(), set("k", v))
		wantState(t, err, etcd.Denied)
		if !errors.Is(err, fs.ErrPermission) || initiator.Retryable(err) {
			t.Errorf("got %v, want fs.ErrPermission, which no later try mends", err)
		}
	}
	wantValue(t, s, "k", []byte("1"))
	wantLeft(t, w.client, prefix, 1)

	empty := open(t, reading, w.prefix()) // no Store has made it
	if n, err := listError(t, empty); n != 0 || err != nil {
		t.Errorf("got %d records, %v, want none", n, err)
	}
	_, err := etcd.Open(t.Context(), dial(t, w.config(t, "stranger")), prefix)
	wantState(t, err, etcd.Denied)

	cfg := w.config(t, "pair")
	cfg.User, cfg.Password = "", auth.Secret{}
	_, err = etcd.Open(t.Context(), dial(t, cfg), prefix)
	wantState(t, err, etcd.Denied) // etcd takes the name in our certificate for the user: none
}

// TestAuthentication: without a user nothing is read, and a user whose token the server
// does not know any more gets another.
func TestAuthentication(t *testing.T) {
	t.Parallel()
	server := etcdtest.Start(t, etcdtest.Options{Kind: etcdtest.Built})
	server.Authenticate(t, users...)
	cfg := etcd.Config{Endpoints: []string{server.URL()}, DialTimeout: 20 * time.Second, RequestTimeout: time.Minute}
	_, err := etcd.Open(t.Context(), dial(t, cfg), "t/")
	wantState(t, err, etcd.Unauthenticated)

	cfg.User, cfg.Password = "pair", auth.NewSecret([]byte("pair"))
	s := open(t, dial(t, cfg), "t/")
	apply(t, s, set("k", []byte("1")))
	changes := s.Changes(t.Context())
	wantChange(t, changes, "that it watches")
	server.Kill()
	server.Start(t) // tokens are in its memory
	server.AwaitHealthy(t)
	apply(t, s, set("k", value('a', etcd.PartLen)))
	wantValue(t, s, "k", value('a', etcd.PartLen))
	apply(t, open(t, server.Client(t), "t/"), set("k", []byte("2")))
	wantChange(t, changes, "the change of another")
}
