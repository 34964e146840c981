package storetest

import (
	"bytes"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

func testNone(t *testing.T, s registry.Store) {
	apply(t, s, set("b", "1"))
	for _, key := range []string{"a", "bb", "", "c", "nul\x00", strings.Repeat("k", registry.MaxKeyLen+1)} {
		wantNone(t, s, key)
	}
}

func testSet(t *testing.T, s registry.Store) {
	apply(t, s, set("k", "first"))
	want(t, s, "k", "first")
	apply(t, s, set("k", ""))
	want(t, s, "k", "")
	apply(t, s, registry.Change{Key: "k", Version: registry.AnyVersion}) // nil is a value, too
	want(t, s, "k", "")
	apply(t, s, set("k", "last \x00\xff"))
	want(t, s, "k", "last \x00\xff")
	apply(t, s, remove("k"))
	wantNone(t, s, "k")
	apply(t, s, remove("k"))
	wantKeys(t, s, "", nil)
}

func testVersions(t *testing.T, s registry.Store) {
	apply(t, s, registry.Change{Key: "k", Value: []byte("1")}) // version 0: must not be there
	first := get(t, s, "k").Version
	apply(t, s, set("other", "1"))
	if v := get(t, s, "k").Version; v != first {
		t.Errorf("another record's change: got version %d, want %d as before", v, first)
	}
	apply(t, s, registry.Change{Key: "k", Version: first, Value: []byte("2")})
	second := get(t, s, "k").Version
	if second == first {
		t.Errorf("replaced: version %d as before", second)
	}
	apply(t, s, set("k", "2"))
	third := get(t, s, "k").Version
	if third == second || third == first {
		t.Errorf("replaced by the same value: got version %d, not another than %d and %d", third, first, second)
	}
	for _, r := range list(t, s, "k") {
		if r.Version != third {
			t.Errorf("List: got version %d, Get has %d", r.Version, third)
		}
	}
	apply(t, s, registry.Change{Key: "k", Version: third, Delete: true})
	wantNone(t, s, "k")
	apply(t, s, registry.Change{Key: "k", Version: 0, Delete: true}) // not there, and none is expected
}

func testVersionsNeverAgain(t *testing.T, s registry.Store) {
	seen := make(map[uint64]bool)
	for range 20 {
		for _, change := range []registry.Change{set("k", "v"), set("k", "w")} {
			apply(t, s, change)
			v := get(t, s, "k").Version
			if v == 0 || v == registry.AnyVersion || seen[v] {
				t.Fatalf("version %d: it was there before, or means something else", v)
			}
			seen[v] = true
		}
		apply(t, s, remove("k"))
	}
}

func testLarge(t *testing.T, s registry.Store) {
	key := strings.Repeat("k", registry.MaxKeyLen)
	size := registry.MaxRecordLen
	if _, limit := s.Limits(); limit > 0 {
		size = min(size, limit-len(key))
	}
	value := bytes.Repeat([]byte("0123456789abcdef"), size/16)
	applyInParts(t, s, []registry.Change{set("before", "1"), {Key: key, Value: value}, set("z", "2")})
	if got := get(t, s, key).Value; !bytes.Equal(got, value) {
		t.Errorf("Get: got %d bytes, not the %d that were set", len(got), len(value))
	}
	wantKeys(t, s, "", []string{"before", key, "z"})
}

func testAlias(t *testing.T, s registry.Store) {
	value := []byte("value")
	apply(t, s, registry.Change{Key: "k", Value: value})
	copy(value, "XXXXX") // the Store has copied it
	want(t, s, "k", "value")
	copy(get(t, s, "k").Value, "XXXXX") // what Get returns is ours
	want(t, s, "k", "value")
	for _, r := range list(t, s, "") { // and so is what List yields
		copy(r.Value, "XXXXX")
	}
	want(t, s, "k", "value")

	kept := list(t, s, "")[0] // it stays ours when the record changes
	apply(t, s, set("k", "other"))
	if got := string(kept.Value); got != "value" {
		t.Errorf("a listed value after another change: got %q, want %q", got, "value")
	}
}
