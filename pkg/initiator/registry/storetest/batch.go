package storetest

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

func testConflict(t *testing.T, s registry.Store) {
	apply(t, s, set("there", "1"), set("other", "1"))
	have := get(t, s, "there").Version
	for _, tt := range []struct {
		name   string
		change registry.Change
		have   uint64
	}{
		{"set what must not be there", registry.Change{Key: "there", Value: []byte("2")}, have},
		{"delete what must not be there", registry.Change{Key: "there", Delete: true}, have},
		{"set another version", registry.Change{Key: "there", Version: have + 1, Value: []byte("2")}, have},
		{"delete another version", registry.Change{Key: "there", Version: have + 1, Delete: true}, have},
		{"set what is not there", registry.Change{Key: "none", Version: have, Value: []byte("2")}, 0},
		{"delete what is not there", registry.Change{Key: "none", Version: have, Delete: true}, 0},
		{"the largest version but one", registry.Change{Key: "there", Version: registry.AnyVersion - 1}, have},
		{"a version beyond 63 bits", registry.Change{Key: "there", Version: have | 1<<63}, have},
	} {
		// The change stands last, so that those before it have to be undone.
		err := s.Apply(t.Context(), set("new", "2"), remove("other"), tt.change)
		var conflict *registry.ConflictError
		if !errors.As(err, &conflict) {
			t.Errorf("%s: got %v, want a ConflictError", tt.name, err)
			continue
		}
		if want := (registry.ConflictError{Key: tt.change.Key, Want: tt.change.Version, Have: tt.have}); *conflict != want {
			t.Errorf("%s: got %+v, want %+v", tt.name, *conflict, want)
		}
		wantKeys(t, s, "", []string{"other", "there"})
		want(t, s, "there", "1")
		if v := get(t, s, "there").Version; v != have {
			t.Errorf("%s: the version is now %d, was %d", tt.name, v, have)
		}
	}
}

func testBatch(t *testing.T, s registry.Store) {
	apply(t, s, set("a", "1"), set("b", "1"), set("c", "1"))
	apply(t, s,
		registry.Change{Key: "a", Version: get(t, s, "a").Version, Value: []byte("2")},
		registry.Change{Key: "b", Version: get(t, s, "b").Version, Delete: true},
		registry.Change{Key: "d", Version: 0, Value: []byte("2")},
		remove("none"),
	)
	wantKeys(t, s, "", []string{"a", "c", "d"})
	want(t, s, "a", "2")
	want(t, s, "c", "1")
	want(t, s, "d", "2")
}

func testEmptyBatch(t *testing.T, s registry.Store) {
	apply(t, s)
	apply(t, s, set("k", "1"))
	before := get(t, s, "k").Version
	apply(t, s)
	if after := get(t, s, "k").Version; after != before {
		t.Errorf("got version %d, want %d as before", after, before)
	}
}

func testTwice(t *testing.T, s registry.Store) {
	refused(t, s, "set twice", set("k", "1"), set("other", "1"), set("k", "2"))
	refused(t, s, "set and deleted", set("k", "1"), remove("k"))
	wantKeys(t, s, "", nil)
}

func testLimits(t *testing.T, s registry.Store) {
	refused(t, s, "empty key", set("", "1"))
	refused(t, s, "deletion of an empty key", remove(""))
	refused(t, s, "long key", set(strings.Repeat("k", registry.MaxKeyLen+1), "1"))
	refused(t, s, "NUL in the key", set("a\x00b", "1"))
	refused(t, s, "long value", registry.Change{Key: "k", Value: make([]byte, registry.MaxRecordLen+1)})
	refused(t, s, "a good change before a bad one", set("good", "1"), set("", "1"))
	wantKeys(t, s, "", nil)
}

// testLargeBatch: a batch at the limits that the store names is made, and one beyond them is
// refused whole. Where it names none, it takes more than it is likely to be given.
func testLargeBatch(t *testing.T, s registry.Store) {
	most, bytes := s.Limits()
	n := most
	if most == 0 {
		n = 5000
	}
	many := make([]registry.Change, n)
	for i := range many {
		many[i] = set(fmt.Sprintf("%04d", i), "")
	}
	apply(t, s, many...)
	if got := len(list(t, s, "")); got != n {
		t.Errorf("%d records, want %d", got, n)
	}
	if most > 0 {
		refused(t, s, "one change more", append(many[1:], set("a", ""), set("b", ""))...)
	}
	size := bytes
	if bytes == 0 {
		size = 4 << 20
	}
	large := []registry.Change{set("a", ""), set("b", strings.Repeat("1", size/2)), set("c", "")}
	large[2].Value = make([]byte, size-len(large[1].Value)-3)
	if bytes > 0 {
		large[2].Value = append(large[2].Value, 'x')
		refused(t, s, "one byte more", large...)
		large[2].Value = large[2].Value[1:]
	}
	if most == 0 || most >= len(large) {
		apply(t, s, large...)
	}
	wantKeys(t, s, "c", []string{"c"})
}

// refused holds that no Store takes changes, and that it says why.
func refused(t *testing.T, s registry.Store, name string, changes ...registry.Change) {
	t.Helper()
	err := s.Apply(t.Context(), changes...)
	var change *registry.ChangeError
	if !errors.As(err, &change) {
		t.Errorf("%s: got %v, want a ChangeError", name, err)
	}
}
