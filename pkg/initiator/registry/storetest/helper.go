package storetest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

func closeStore(t *testing.T, s registry.Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
}

// set returns the change that sets a record, whatever was there.
func set(key, value string) registry.Change {
	return registry.Change{Key: key, Version: registry.AnyVersion, Value: []byte(value)}
}

// remove returns the change that deletes a record, whatever was there.
func remove(key string) registry.Change {
	return registry.Change{Key: key, Version: registry.AnyVersion, Delete: true}
}

// apply makes changes that must succeed.
func apply(t *testing.T, s registry.Store, changes ...registry.Change) {
	t.Helper()
	if err := s.Apply(t.Context(), changes...); err != nil {
		t.Fatalf("Apply: %v", err)
	}
}

// fill sets n records whose keys are prefix and a number, and returns the keys.
func fill(t *testing.T, s registry.Store, prefix string, n int) []string {
	t.Helper()
	var keys []string
	var changes []registry.Change
	for i := range n {
		keys = append(keys, fmt.Sprintf("%s%06d", prefix, i))
		changes = append(changes, set(keys[i], "value of "+keys[i]))
	}
	applyInParts(t, s, changes)
	return keys
}

// applyInParts makes changes, as many at once as the store takes.
func applyInParts(t *testing.T, s registry.Store, changes []registry.Change) {
	t.Helper()
	most, bytes := s.Limits()
	for len(changes) > 0 {
		n := 1
		for n < len(changes) && registry.CheckLimits(changes[:n+1], most, bytes) == nil {
			n++
		}
		apply(t, s, changes[:n]...)
		changes = changes[n:]
	}
}

// get returns a record, which may be none.
func get(t *testing.T, s registry.Store, key string) registry.Record {
	t.Helper()
	r, err := s.Get(t.Context(), key)
	if err != nil {
		t.Fatalf("Get(%q): %v", key, err)
	}
	return r
}

// want holds a record to a value.
func want(t *testing.T, s registry.Store, key, value string) {
	t.Helper()
	r := get(t, s, key)
	if r.Version == 0 || r.Key != key || string(r.Value) != value {
		t.Errorf("Get(%q): got key %q, version %d, %.40q; want %.40q", key, r.Key, r.Version, r.Value, value)
	}
}

// wantNone holds that there is no record.
func wantNone(t *testing.T, s registry.Store, key string) {
	t.Helper()
	if r := get(t, s, key); r.Version != 0 || len(r.Value) != 0 {
		t.Errorf("Get(%.40q): got version %d, %.40q; want none", key, r.Version, r.Value)
	}
}

// list returns the records with a prefix.
func list(t *testing.T, s registry.Store, prefix string) []registry.Record {
	t.Helper()
	var records []registry.Record
	for r, err := range s.List(t.Context(), prefix) {
		if err != nil {
			t.Fatalf("List(%q): %v", prefix, err)
		}
		records = append(records, r)
	}
	return records
}

// wantKeys holds the keys with a prefix, and their order, to keys.
func wantKeys(t *testing.T, s registry.Store, prefix string, keys []string) {
	t.Helper()
	var got []string
	for _, r := range list(t, s, prefix) {
		got = append(got, r.Key)
	}
	if !slices.Equal(got, keys) {
		t.Errorf("List(%q): got %q, want %q", prefix, got, keys)
	}
}
