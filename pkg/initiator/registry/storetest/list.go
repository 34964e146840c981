package storetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// many are more records than a Store should fetch at once.
const many = 1500

// awkward are keys that are special to one database, encoding or shell or other.
var awkward = []string{
	"a", "A", "ä", "a%", "a%b", "a_b", "a'b", `a"b`, "a\\b", "a*b", "a?b", "a[b]", "a\xff", "a\xffb", "a\xff\xff", "a\xff\xff\xff",
	"\xff", "\xff\xff", "\x01", "\xc3", "\xc3\x28", "\xed\xa0\x80", "日本", "日", "e\u0301", "\u00e9", "\U0001f4a9", "a\n", "a\r\n", "\t",
	" ", "  ", "a/", "a/b", "a/b/c", "a0", "a-", "a.", "../a", "NULL", "1", "01", "1.0", "-1", "--", ";", "x'61'", "\ufeffa", "\u202ea",
	"portal/192.0.2.1:3260", "portal/[2001:db8::1]:3260", "portal/192.0.2.10:3260",
}

func testOrder(t *testing.T, s registry.Store) {
	for _, key := range awkward {
		apply(t, s, set(key, "value of "+key))
	}
	keys := slices.Clone(awkward)
	slices.Sort(keys) // Go compares strings by their bytes
	wantKeys(t, s, "", keys)
	for _, key := range keys {
		want(t, s, key, "value of "+key)
	}
}

func testPrefixes(t *testing.T, s registry.Store) {
	for _, key := range awkward {
		apply(t, s, set(key, ""))
	}
	prefixes := slices.Concat(awkward, []string{"none", "%", "_", "a%%", "\xff\xff\xff", "\xe6", "\xe6\x97", "portal/", "portal/192.0.2.1", "a/b/c/d"})
	for _, prefix := range prefixes {
		var keys []string
		for _, key := range awkward {
			if strings.HasPrefix(key, prefix) {
				keys = append(keys, key)
			}
		}
		slices.Sort(keys)
		wantKeys(t, s, prefix, keys)
	}
}

func testListDeleting(t *testing.T, s registry.Store) {
	keys := fill(t, s, "k", many)
	fill(t, s, "l", 3)
	i := 0
	for r, err := range s.List(t.Context(), "k") {
		if err != nil {
			t.Fatal(err)
		}
		if i >= len(keys) || r.Key != keys[i] {
			t.Fatalf("record %d: got %q", i, r.Key)
		}
		apply(t, s, registry.Change{Key: r.Key, Version: r.Version, Delete: true})
		i++
	}
	if i != many {
		t.Errorf("got %d records, want %d", i, many)
	}
	wantKeys(t, s, "k", nil)
	if n := len(list(t, s, "")); n != 3 {
		t.Errorf("got %d other records, want 3", n)
	}
}

// testListDeletingAhead deletes what has not shown yet: it may still show, as it
// was, but never as a record that is none.
func testListDeletingAhead(t *testing.T, s registry.Store) {
	keys := fill(t, s, "k", many)
	var kept []string
	for r, err := range s.List(t.Context(), "k") {
		if err != nil {
			t.Fatal(err)
		}
		if r.Version == 0 || string(r.Value) != "value of "+r.Key {
			t.Fatalf("%q: got version %d, %q", r.Key, r.Version, r.Value)
		}
		if r.Key == keys[0] { // every other one, near and far
			var changes []registry.Change
			for i := 1; i < many; i += 2 {
				changes = append(changes, remove(keys[i]))
			}
			applyInParts(t, s, changes)
		}
		if i := slices.Index(keys, r.Key); i%2 == 0 {
			kept = append(kept, r.Key)
		}
	}
	if len(kept) != many/2 {
		t.Errorf("got %d of the records that were there throughout, want %d", len(kept), many/2)
	}
	wantKeys(t, s, "k", kept)
}

func testListInserting(t *testing.T, s registry.Store) {
	keys := fill(t, s, "k", many)
	var there []string
	var last string
	for r, err := range s.List(t.Context(), "k") {
		if err != nil {
			t.Fatal(err)
		}
		if r.Key <= last {
			t.Fatalf("%q after %q", r.Key, last)
		}
		last = r.Key
		if slices.Contains([]string{"-", "+"}, r.Key[len(r.Key)-1:]) {
			continue // one of the new ones: it may show
		}
		there = append(there, r.Key)
		if len(there)%10 == 0 {
			apply(t, s, set(r.Key[:len(r.Key)-1]+"-", "before"), set(r.Key+"+", "after"))
		}
	}
	if !slices.Equal(there, keys) {
		t.Errorf("got %d of the records that were there throughout, want each of %d once", len(there), len(keys))
	}
	if got, want := len(list(t, s, "k")), many+2*(many/10); got != want {
		t.Errorf("afterwards: got %d records, want %d", got, want)
	}
}

func testListReplacing(t *testing.T, s registry.Store) {
	keys := fill(t, s, "k", many)
	var got []string
	for r, err := range s.List(t.Context(), "k") {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, r.Key)
		if len(got)%10 == 1 { // far ahead, the next, and the current one
			apply(t, s, set(keys[many-1], r.Key), set(keys[min(len(got), many-2)], r.Key), set(r.Key, r.Key))
		}
	}
	if !slices.Equal(got, keys) {
		t.Errorf("got %d records, want each of %d once and in order", len(got), len(keys))
	}
}

func testListNested(t *testing.T, s registry.Store) {
	fill(t, s, "k", 30)
	pairs := 0
	for _, err := range s.List(t.Context(), "k") {
		if err != nil {
			t.Fatal(err)
		}
		pairs += len(list(t, s, "k"))
	}
	if pairs != 30*30 {
		t.Errorf("got %d pairs, want %d", pairs, 30*30)
	}
}

func testListLeft(t *testing.T, s registry.Store) {
	fill(t, s, "k", many)
	for i := range 50 { // more often than there are connections to leak
		for r, err := range s.List(t.Context(), "k") {
			if err != nil {
				t.Fatal(err)
			}
			apply(t, s, set(r.Key, fmt.Sprint(i)))
			break
		}
	}
	want(t, s, "k000000", "49")
}

func testListAgain(t *testing.T, s registry.Store) {
	fill(t, s, "k", 3)
	records := s.List(t.Context(), "k")
	for range 2 {
		n := 0
		for _, err := range records {
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
		if n != 3 {
			t.Errorf("got %d records, want 3 each time", n)
		}
	}
}
