package etcd_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/etcd"
)

// testParts: whatever replaces or refuses a value in parts leaves no part behind.
func testParts(t *testing.T, w *world) {
	prefix := w.prefix()
	s := open(t, w.client, prefix)
	big := 2*etcd.PartLen + 1
	apply(t, s, set("k", value('a', big)), set("kk", value('b', etcd.InlineMax+1)), set("k0", value('c', etcd.InlineMax)))
	wantValue(t, s, "k", value('a', big))
	wantValue(t, s, "kk", value('b', etcd.InlineMax+1))
	wantValue(t, s, "k0", value('c', etcd.InlineMax))
	wantLeft(t, w.client, prefix, 4)

	apply(t, s, set("k", value('d', etcd.PartLen)))
	wantValue(t, s, "k", value('d', etcd.PartLen))
	wantLeft(t, w.client, prefix, 2)

	err := s.Apply(t.Context(), registry.Change{Key: "k", Version: 1, Value: value('e', big)})
	wantConflict(t, err)
	wantValue(t, s, "k", value('d', etcd.PartLen))
	wantLeft(t, w.client, prefix, 2)

	apply(t, s, set("k", []byte("small")))
	wantValue(t, s, "k", []byte("small"))
	wantLeft(t, w.client, prefix, 1)
	apply(t, s, remove("kk"))
	wantLeft(t, w.client, prefix, 0)
}

// testManyLarge: a batch of many values that together are more than a request.
func testManyLarge(t *testing.T, w *world) {
	prefix := w.prefix()
	s := open(t, w.client, prefix)
	var changes []registry.Change
	for i := range etcd.MaxChanges {
		changes = append(changes, set(fmt.Sprintf("%s%02d", strings.Repeat("k", registry.MaxKeyLen-2), i), value(byte(i), etcd.InlineMax/2+i*2000)))
	}
	apply(t, s, changes...)
	n := 0
	for r, err := range s.List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		if want := changes[n]; r.Key != want.Key || string(r.Value) != string(want.Value) {
			t.Errorf("record %d: got %d bytes, want %d", n, len(r.Value), len(want.Value))
		}
		n++
	}
	if n != len(changes) {
		t.Errorf("got %d records, want %d", n, len(changes))
	}
}

// testLargeRace: writers of one record in parts, and of the same in one piece, leave one
// value whole, and no part of another.
func testLargeRace(t *testing.T, w *world) {
	prefix := w.prefix()
	var wg sync.WaitGroup
	for i := range 4 {
		s := open(t, w.client, prefix)
		wg.Go(func() {
			for n := range 5 {
				size := etcd.InlineMax + 1
				if n == 3 {
					size = 10
				}
				if err := s.Apply(t.Context(), set("k", value(byte('a'+i), size))); err != nil {
					t.Errorf("writer %d: %v", i, err)
				}
				if r, err := s.Get(t.Context(), "k"); err != nil || len(r.Value) == 0 || strings.Trim(string(r.Value), string(r.Value[:1])) != "" {
					t.Errorf("got %d bytes, %v, want one writer's value", len(r.Value), err)
				}
			}
		})
	}
	wg.Wait()
	wantLeft(t, w.client, prefix, 1)
}

// testLeftover: parts of a writer that died go, those of one that is writing stay.
func testLeftover(t *testing.T, w *world) {
	prefix := w.prefix()
	s := open(t, w.client, prefix)
	apply(t, s, set("k", value('a', etcd.PartLen)))
	stage := func(key string) *etcd.Staged {
		staged, err := s.Stage(t.Context(), set(key, value('b', etcd.PartLen+1)))
		if err != nil {
			t.Fatal(err)
		}
		return staged
	}
	live, dead, other := stage("k"), stage("k"), stage("not set")
	for _, d := range []*etcd.Staged{dead, other} {
		if err := d.Die(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	put(t, w.client, prefix+"p/foreign", "x")
	if got := count(t, w.client, prefix+"p/"); got != 1+3*2+1 {
		t.Fatalf("got %d parts, want those of three that write beside", got)
	}
	open(t, w.client, prefix)
	if got := count(t, w.client, prefix+"p/"); got != 1+2+1 {
		t.Errorf("got %d parts, want those in use, of one that writes, and a key that is not ours", got)
	}
	wantValue(t, s, "k", value('a', etcd.PartLen))
	if err := dead.Commit(t.Context()); !errors.Is(err, etcd.ErrStagedGone) {
		t.Errorf("got %v from a writer whose parts are gone, want etcd.ErrStagedGone", err)
	}
	if err := live.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantValue(t, s, "k", value('b', etcd.PartLen+1))
	wantLeft(t, w.client, prefix, 3)
}

// testOvertaken: a writer whose parts another one has removed notices it.
func testOvertaken(t *testing.T, w *world) {
	s := open(t, w.client, w.prefix())
	staged, err := s.Stage(t.Context(), set("k", value('a', etcd.InlineMax+1)))
	if err != nil {
		t.Fatal(err)
	}
	apply(t, s, set("k", []byte("other")))
	if err := staged.Commit(t.Context()); !errors.Is(err, etcd.ErrStagedGone) {
		t.Errorf("got %v, want etcd.ErrStagedGone", err)
	}
	wantValue(t, s, "k", []byte("other"))
}

// testDamaged: a value that is not what was written is not shown.
func testDamaged(t *testing.T, w *world) {
	for _, tt := range []struct {
		name   string
		damage func(t *testing.T, prefix string)
	}{
		{"a part is gone", func(t *testing.T, prefix string) {
			w.client.Delete(t.Context(), prefix+"p/", clientv3.WithPrefix())
		}},
		{"another part", func(t *testing.T, prefix string) {
			answer, err := w.client.Get(t.Context(), prefix+"p/", clientv3.WithPrefix(), clientv3.WithLimit(1))
			if err != nil {
				t.Fatal(err)
			}
			put(t, w.client, string(answer.Kvs[0].Key), string(value('x', len(answer.Kvs[0].Value))))
		}},
		{"a longer part", func(t *testing.T, prefix string) {
			answer, err := w.client.Get(t.Context(), prefix+"p/", clientv3.WithPrefix(), clientv3.WithLimit(1))
			if err != nil {
				t.Fatal(err)
			}
			put(t, w.client, string(answer.Kvs[0].Key), string(value('a', etcd.PartLen+10)))
		}},
		{"an empty head", func(t *testing.T, prefix string) { put(t, w.client, prefix+"r/k", "") }},
		{"JSON in the head", func(t *testing.T, prefix string) {
			put(t, w.client, prefix+"r/k", `{"address":"192.0.2.1","tcp_port":3260}`)
		}},
		{"parts without number", func(t *testing.T, prefix string) {
			put(t, w.client, prefix+"r/k", "pAAAAAAAAAAAAAAAAAAAAAAAAAA0000000000000001 -1 9999999999 \x1b[31m")
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			prefix := w.prefix()
			s := open(t, w.client, prefix)
			apply(t, s, set("a", []byte("1")), set("k", value('a', etcd.PartLen+1)))
			tt.damage(t, prefix)
			_, err := s.Get(t.Context(), "k")
			wantState(t, err, etcd.Damaged)
			if !errors.Is(err, registry.ErrRegistryDamaged) {
				t.Errorf("got %v, want registry.ErrRegistryDamaged", err)
			}
			n, err := listError(t, s)
			wantState(t, err, etcd.Damaged)
			if n != 1 {
				t.Errorf("got %d records before it, want 1", n)
			}
			apply(t, s, set("k", []byte("whole"))) // which mends it
			wantValue(t, s, "k", []byte("whole"))
		})
	}
}

// testForeign: keys that are not of a registry are left alone.
func testForeign(t *testing.T, w *world) {
	prefix := w.prefix()
	s := open(t, w.client, prefix)
	apply(t, s, set("k", []byte("1")))
	foreign := []string{"other", "r", "r/", "r/nul\x00in", "r/" + strings.Repeat("k", registry.MaxKeyLen+1), "p/x", "p/k\x00short", "w", "z/1"}
	for _, key := range foreign {
		put(t, w.client, prefix+key, "foreign")
	}
	s = open(t, w.client, prefix)
	if n, err := listError(t, s); n != 1 || err != nil {
		t.Errorf("got %d records, %v, want 1", n, err)
	}
	for _, key := range foreign {
		if count(t, w.client, prefix+key) == 0 {
			t.Errorf("%q is gone", key)
		}
	}
}

// testSchema: a registry of a newer version is refused, and is not written by those who
// have it open.
func testSchema(t *testing.T, w *world) {
	for _, tt := range []struct {
		format string
		state  etcd.State
	}{{"2", etcd.Newer}, {"", etcd.Damaged}, {"-1", etcd.Damaged}, {"0", etcd.Damaged}, {"\x1b[31m", etcd.Damaged}} {
		prefix := w.prefix()
		s := open(t, w.client, prefix)
		apply(t, s, set("k", []byte("1")))
		put(t, w.client, prefix+"format", tt.format)
		_, err := etcd.Open(t.Context(), w.client, prefix)
		wantState(t, err, tt.state)
		wantState(t, s.Apply(t.Context(), set("k", []byte("2"))), tt.state)
		wantValue(t, s, "k", []byte("1"))
	}
	prefix := w.prefix()
	s := open(t, w.client, prefix)
	if _, err := w.client.Delete(t.Context(), prefix, clientv3.WithPrefix()); err != nil {
		t.Fatal(err)
	}
	apply(t, s, set("k", []byte("1"))) // who removed it wanted an empty one
	wantValue(t, open(t, w.client, prefix), "k", []byte("1"))
	for _, bad := range []string{"", "/", "a", "nul\x00/", strings.Repeat("a", 256) + "/", prefix + "r/", prefix + "p/x/", prefix + "w/", prefix + "leader/"} {
		_, err := etcd.Open(t.Context(), w.client, bad)
		wantState(t, err, etcd.Misconfigured)
	}
}

// testCompacted: a List goes on where the history that it reads is compacted meanwhile.
func testCompacted(t *testing.T, w *world) {
	s := open(t, w.client, w.prefix())
	for _, key := range []string{"a", "b", "c", "d"} {
		apply(t, s, set(key, value('a', etcd.PartLen)))
	}
	var got []string
	for r, err := range s.List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, r.Key+string(r.Value[:1]))
		if r.Key == "a" {
			apply(t, s, set("b", value('b', etcd.PartLen+1)), remove("c"))
			w.server.Compact(t)
		}
	}
	if want := "[aa bb da]"; fmt.Sprint(got) != want {
		t.Errorf("got %v, want %s", got, want)
	}
}
