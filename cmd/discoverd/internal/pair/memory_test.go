package pair_test

import (
	"context"
	"errors"
	"iter"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-iscsi/discovery/cmd/discoverd/internal/pair"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/etcd"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/memstore"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/storetest"
)

// A flaky is a store that can be away. A request then takes 10 s to find out.
type flaky struct {
	memstore.Store
	away  atomic.Bool
	asked atomic.Int64
}

func (f *flaky) gone(ctx context.Context) error {
	f.asked.Add(1)
	if !f.away.Load() {
		return nil
	}
	select {
	case <-time.After(etcd.DefaultRequestTimeout):
		return &etcd.Error{What: "read", State: etcd.Unreachable}
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (f *flaky) Get(ctx context.Context, key string) (registry.Record, error) {
	if err := f.gone(ctx); err != nil {
		return registry.Record{}, err
	}
	return f.Store.Get(ctx, key)
}

func (f *flaky) List(ctx context.Context, prefix string) iter.Seq2[registry.Record, error] {
	return func(yield func(registry.Record, error) bool) {
		if err := f.gone(ctx); err != nil {
			yield(registry.Record{}, err)
			return
		}
		f.Store.List(ctx, prefix)(yield)
	}
}

func (f *flaky) Apply(ctx context.Context, changes ...registry.Change) error {
	if err := f.gone(ctx); err != nil {
		return err
	}
	return f.Store.Apply(ctx, changes...)
}

// TestMemoryIsStore: while nothing is away a Memory is as good as what it remembers.
func TestMemoryIsStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(*testing.T) registry.Store { return &pair.Memory{Store: new(memstore.Store)} })
}

// TestMemory: while etcd is away what was read last is read again, but for targets; the first
// request alone waits for etcd, and what is written fails. When it is back it is asked again.
func TestMemory(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := new(flaky)
		m := &pair.Memory{Store: f}
		put := func(key, value string) error {
			return m.Apply(t.Context(), registry.Change{Key: key, Version: registry.AnyVersion, Value: []byte(value)})
		}
		for _, key := range []string{"portal/a/1", "portal/b/1", "target/x", "setting/n"} {
			if err := put(key, "1"); err != nil {
				t.Fatal(err)
			}
		}
		list := func(prefix string) (n int, last error) {
			for r, err := range m.List(t.Context(), prefix) {
				if last = err; err == nil {
					n++
					r.Value[0] = 'x' // the caller's own
				}
			}
			return n, last
		}
		list("portal/")
		list("target/")
		_, _ = m.Get(t.Context(), "setting/n")
		_, _ = m.Get(t.Context(), "setting/none")

		f.away.Store(true)
		begun := time.Now()
		for range 3 {
			for prefix, want := range map[string]int{"portal/": 2, "portal/a/": 1, "portal/c/": 0} {
				if n, err := list(prefix); n != want || err != nil {
					t.Errorf("list %s: got %d, %v, want %d", prefix, n, err, want)
				}
			}
			for key, want := range map[string]string{"portal/b/1": "1", "portal/none": "", "setting/n": "1", "setting/none": ""} {
				if r, err := m.Get(t.Context(), key); string(r.Value) != want || err != nil {
					t.Errorf("get %s: got %q, %v, want %q", key, r.Value, err, want)
				}
			}
			var e *etcd.Error
			if _, err := list("target/"); !errors.As(err, &e) {
				t.Errorf("targets: got %v, want that they cannot be read", err)
			}
			if _, err := m.Get(t.Context(), "setting/other"); !errors.As(err, &e) {
				t.Errorf("a record that was never read: got %v", err)
			}
			if err := put("portal/a/1", "2"); !errors.As(err, &e) {
				t.Errorf("a change: got %v", err)
			}
		}
		if took := time.Since(begun); took > etcd.DefaultRequestTimeout {
			t.Errorf("it took %v: more than one request waited", took)
		}

		f.away.Store(false)
		asked := f.asked.Load()
		time.Sleep(2 * time.Second)
		_, _ = list("portal/") // looks whether etcd is back
		synctest.Wait()
		if err := put("portal/a/1", "2"); err != nil {
			t.Errorf("after etcd is back: got %v", err)
		}
		if r, err := m.Get(t.Context(), "portal/a/1"); string(r.Value) != "2" || err != nil {
			t.Errorf("after etcd is back: got %q, %v", r.Value, err)
		}
		if f.asked.Load() == asked {
			t.Error("etcd was not asked")
		}
	})
}

// TestMemoryIsOne: a record is remembered as it was read last, by whichever call: one that a
// list had later is not read as an earlier Get had it, and the other way round.
func TestMemoryIsOne(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		read   func(m *pair.Memory)
		change registry.Change
		again  func(m *pair.Memory)
		want   string
	}{
		{"got, then listed", get, registry.Change{Value: []byte("new")}, list, "new"},
		{"listed, then got", list, registry.Change{Value: []byte("new")}, get, "new"},
		{"got, then listed when it was gone", get, registry.Change{Delete: true}, list, ""},
		{"listed, then got when it was gone", list, registry.Change{Delete: true}, get, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := new(failing)
			m := &pair.Memory{Store: f}
			tt.change.Key, tt.change.Version = "policy/a", registry.AnyVersion
			old := registry.Change{Key: "policy/a", Version: registry.AnyVersion, Value: []byte("old")}
			if err := m.Apply(t.Context(), old); err != nil {
				t.Fatal(err)
			}
			list(m) // else nothing of a list is known
			tt.read(m)
			if err := f.Apply(t.Context(), tt.change); err != nil {
				t.Fatal(err)
			}
			tt.again(m)
			f.away.Store(true)
			if r, err := m.Get(t.Context(), "policy/a"); string(r.Value) != tt.want || err != nil {
				t.Errorf("get: got %q, %v, want %q", r.Value, err, tt.want)
			}
			got := ""
			for r, err := range m.List(t.Context(), "policy/") {
				if err != nil {
					t.Error(err)
				}
				got += string(r.Value)
			}
			if got != tt.want {
				t.Errorf("list: got %q, want %q", got, tt.want)
			}
		})
	}
}

func get(m *pair.Memory) { _, _ = m.Get(context.Background(), "policy/a") }

func list(m *pair.Memory) {
	for range m.List(context.Background(), "policy/") {
		continue
	}
}

// A failing is a store that can be away, and says so at once.
type failing struct {
	memstore.Store
	away atomic.Bool
}

var errAway = &etcd.Error{What: "read", State: etcd.Unreachable}

func (f *failing) Get(ctx context.Context, key string) (registry.Record, error) {
	if f.away.Load() {
		return registry.Record{}, errAway
	}
	return f.Store.Get(ctx, key)
}

func (f *failing) List(ctx context.Context, prefix string) iter.Seq2[registry.Record, error] {
	return func(yield func(registry.Record, error) bool) {
		if f.away.Load() {
			yield(registry.Record{}, errAway)
			return
		}
		f.Store.List(ctx, prefix)(yield)
	}
}
