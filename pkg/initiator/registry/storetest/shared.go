package storetest

import (
	"errors"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

func testReopened(t *testing.T, open func() registry.Store) {
	s := open()
	apply(t, s, set("k", "1"), set("gone", "1"))
	kept, gone := get(t, s, "k"), get(t, s, "gone")
	apply(t, s, remove("gone"))
	closeStore(t, s)

	s = open()
	defer closeStore(t, s)
	want(t, s, "k", "1")
	if v := get(t, s, "k").Version; v != kept.Version {
		t.Errorf("got version %d, want %d as before", v, kept.Version)
	}
	wantKeys(t, s, "", []string{"k"})
	apply(t, s, set("gone", "2"))
	if v := get(t, s, "gone").Version; v == gone.Version {
		t.Errorf("version %d of the deleted record came again", v)
	}
}

func testTwoAtOnce(t *testing.T, open func() registry.Store) {
	a, b := open(), open()
	defer closeStore(t, a)
	defer closeStore(t, b)
	apply(t, a, set("k", "1"))
	want(t, b, "k", "1")
	seen := get(t, b, "k").Version
	apply(t, a, set("k", "2"))
	want(t, b, "k", "2")
	err := b.Apply(t.Context(), registry.Change{Key: "k", Version: seen, Value: []byte("3")})
	var conflict *registry.ConflictError
	if !errors.As(err, &conflict) {
		t.Errorf("with the version of before: got %v, want a ConflictError", err)
	}
	for r, err := range a.List(t.Context(), "") { // a reader does not keep a writer out
		if err != nil {
			t.Fatal(err)
		}
		apply(t, b, remove(r.Key))
	}
	wantKeys(t, a, "", nil)
}

func testSharedCounter(t *testing.T, open func() registry.Store) {
	stores := []registry.Store{open(), open()}
	defer closeStore(t, stores[0])
	defer closeStore(t, stores[1])
	count(t, stores)
}

// testOpenedBeside closes one opener after the other, while another goes on: it
// loses nothing by it.
func testOpenedBeside(t *testing.T, open func() registry.Store) {
	s := open()
	defer closeStore(t, s)
	for range 10 {
		beside := open()
		if err := increment(t.Context(), beside, "counter"); err != nil {
			t.Fatal(err)
		}
		closeStore(t, beside)
		if err := increment(t.Context(), s, "counter"); err != nil {
			t.Fatal(err)
		}
	}
	want(t, s, "counter", "20")
}
