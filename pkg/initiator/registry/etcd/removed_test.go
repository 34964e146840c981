package etcd_test

import (
	"errors"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/etcd"
)

// testRemoved: a record in parts that is made while another writer deletes it, though it was
// not there, is whole, or is not made.
func testRemoved(t *testing.T, w *world) {
	for _, version := range []uint64{0, registry.AnyVersion} {
		s := open(t, w.client, w.prefix())
		staged, err := s.Stage(t.Context(), registry.Change{Key: "k", Version: version, Value: value('a', etcd.InlineMax+1)})
		if err != nil {
			t.Fatal(err)
		}
		apply(t, s, remove("k"))
		if err := staged.Commit(t.Context()); !errors.Is(err, etcd.ErrStagedGone) {
			t.Errorf("version %d: got %v, want etcd.ErrStagedGone", version, err)
		}
		wantValue(t, s, "k", nil)
	}
}

// testSlept: a writer that slept longer than its lease writes its parts again.
func testSlept(t *testing.T, w *world) {
	s := open(t, w.client, w.prefix())
	staged, err := s.Stage(t.Context(), set("k", value('a', etcd.InlineMax+1)))
	if err != nil {
		t.Fatal(err)
	}
	if err := staged.Die(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := staged.Renew(t.Context()); !errors.Is(err, etcd.ErrStagedGone) {
		t.Errorf("got %v, want etcd.ErrStagedGone", err)
	}
}

// testLongest: as many changes as there can be at once, with the longest keys, half of them
// in parts, are one transaction that etcd takes.
func testLongest(t *testing.T, w *world) {
	prefix := w.prefix()
	for len(prefix) < 255 {
		prefix += "x"
	}
	s := open(t, w.client, prefix+"/")
	var changes []registry.Change
	for i := range etcd.MaxChanges {
		size := etcd.InlineMax
		if i >= 16 {
			size++
		}
		changes = append(changes, registry.Change{Key: string(value(byte('A'+i), registry.MaxKeyLen)), Value: value('v', size)})
	}
	apply(t, s, changes...)
	for i := range changes {
		wantValue(t, s, changes[i].Key, changes[i].Value)
	}
}
