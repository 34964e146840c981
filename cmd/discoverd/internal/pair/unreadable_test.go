package pair_test

import (
	"context"
	"errors"
	"iter"
	"testing"

	"github.com/go-iscsi/discovery/cmd/discoverd/internal/pair"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/etcd"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/memstore"
)

// A refusing is a store of which reads, and writes, may fail.
type refusing struct {
	memstore.Store
	read, write error // nil: they do not
}

func (f *refusing) Get(ctx context.Context, key string) (registry.Record, error) {
	if f.read != nil {
		return registry.Record{}, f.read
	}
	return f.Store.Get(ctx, key)
}

func (f *refusing) List(ctx context.Context, prefix string) iter.Seq2[registry.Record, error] {
	return func(yield func(registry.Record, error) bool) {
		if f.read != nil {
			yield(registry.Record{}, f.read)
			return
		}
		f.Store.List(ctx, prefix)(yield)
	}
}

func (f *refusing) Apply(ctx context.Context, changes ...registry.Change) error {
	if f.write != nil {
		return f.write
	}
	return f.Store.Apply(ctx, changes...)
}

// TestMemoryUnreadable: portals are asked on where etcd can be reached and refuses to be read,
// as when the role is taken from the user of the active member: nobody else asks them, since
// its seat lasts. What is wrong with the registry itself is not hidden.
func TestMemoryUnreadable(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		state etcd.State
		want  bool // it is read as it was
	}{
		{etcd.Unreachable, true},
		{etcd.BadCertificate, true},
		{etcd.Unauthenticated, true},
		{etcd.Denied, true},
		{etcd.Busy, true},
		{etcd.Damaged, false},
		{etcd.Newer, false},
	} {
		t.Run(tt.state.String(), func(t *testing.T) {
			t.Parallel()
			f := new(refusing)
			m := &pair.Memory{Store: f}
			if err := m.Apply(t.Context(), registry.Change{Key: "policy/a", Version: registry.AnyVersion, Value: []byte("x")}); err != nil {
				t.Fatal(err)
			}
			list(m)
			f.read = &etcd.Error{What: "read", State: tt.state}
			if r, err := m.Get(t.Context(), "policy/a"); (string(r.Value) == "x" && err == nil) != tt.want {
				t.Errorf("get: got %q, %v, want that it is remembered: %t", r.Value, err, tt.want)
			}
			n, last := 0, error(nil)
			for _, err := range m.List(t.Context(), "policy/") {
				if last = err; err == nil {
					n++
				}
			}
			if (n == 1 && last == nil) != tt.want {
				t.Errorf("list: got %d records, %v, want that they are remembered: %t", n, last, tt.want)
			}
		})
	}
}

// TestMemoryReadOnly: that the user may not write keeps nothing from being read from etcd.
func TestMemoryReadOnly(t *testing.T) {
	t.Parallel()
	f := new(refusing)
	m := &pair.Memory{Store: f}
	list(m)
	f.write = &etcd.Error{What: "write", State: etcd.Denied}
	change := registry.Change{Key: "policy/a", Version: registry.AnyVersion, Value: []byte("x")}
	if err := m.Apply(t.Context(), change); !errors.Is(err, f.write) {
		t.Errorf("write: got %v, want %v", err, f.write)
	}
	if err := f.Store.Apply(t.Context(), change); err != nil { // of the other member
		t.Fatal(err)
	}
	if r, err := m.Get(t.Context(), "policy/a"); string(r.Value) != "x" || err != nil {
		t.Errorf("get: got %q, %v, want what the other member wrote", r.Value, err)
	}
}
