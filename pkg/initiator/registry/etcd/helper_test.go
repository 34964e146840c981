package etcd_test

import (
	"bytes"
	"errors"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/etcd"
)

// set returns the change that sets a record, whatever was there.
func set(key string, value []byte) registry.Change {
	return registry.Change{Key: key, Version: registry.AnyVersion, Value: value}
}

// remove returns the change that deletes a record, whatever was there.
func remove(key string) registry.Change {
	return registry.Change{Key: key, Version: registry.AnyVersion, Delete: true}
}

func apply(t *testing.T, s registry.Store, changes ...registry.Change) {
	t.Helper()
	if err := s.Apply(t.Context(), changes...); err != nil {
		t.Fatal(err)
	}
}

// wantConflict holds an error to be a *registry.ConflictError.
func wantConflict(t *testing.T, err error) {
	t.Helper()
	var conflict *registry.ConflictError
	if !errors.As(err, &conflict) {
		t.Fatalf("got %v, want a *registry.ConflictError", err)
	}
}

// wantValue holds a record to a value.
func wantValue(t *testing.T, s registry.Store, key string, want []byte) {
	t.Helper()
	r, err := s.Get(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(r.Value, want) {
		t.Errorf("%s: got %d bytes (%.20q), want %d (%.20q)", key, len(r.Value), r.Value, len(want), want)
	}
}

// count returns how many of etcd's keys begin with a prefix.
func count(t *testing.T, c *clientv3.Client, prefix string) int64 {
	t.Helper()
	answer, err := c.Get(t.Context(), prefix, clientv3.WithPrefix(), clientv3.WithCountOnly())
	if err != nil {
		t.Fatal(err)
	}
	return answer.Count
}

// wantLeft holds how many parts and markers there are below a prefix.
func wantLeft(t *testing.T, c *clientv3.Client, prefix string, parts int64) {
	t.Helper()
	if got := count(t, c, prefix+"p/"); got != parts {
		t.Errorf("got %d parts, want %d", got, parts)
	}
	if got := count(t, c, prefix+"w/"); got != 0 {
		t.Errorf("got %d markers of writers, want none", got)
	}
}

// value returns a value of a size, of one byte.
func value(fill byte, size int) []byte { return bytes.Repeat([]byte{fill}, size) }

// put sets one of etcd's keys.
func put(t *testing.T, c *clientv3.Client, key, value string) {
	t.Helper()
	if _, err := c.Put(t.Context(), key, value); err != nil {
		t.Fatal(err)
	}
}

// listError returns the error of a List, and how many records came before it.
func listError(t *testing.T, s *etcd.Store) (n int, err error) {
	t.Helper()
	for _, err := range s.List(t.Context(), "") {
		if err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}
