package sqlite_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/pkg/initiator/registry/sqlite"
)

// TestSnapshot: who reads without SQLite's log reads what SQLite reads: pages of the
// log over those of the file, a file that grew in the log alone, a log that was
// begun anew, one whose end was cut off, and a damaged one (issue 13, 15).
func TestSnapshot(t *testing.T) {
	t.Parallel()
	path := newRegistry(t, 20)
	s := open(t, path)
	defer closeStore(t, s)
	want := all(t, s)
	for i := range 60 {
		value := strings.Repeat(fmt.Sprint(i), 1+i*700%20000)
		key := fmt.Sprintf("k%02d", i*7%13)
		apply(t, s, set(key, value), set("last", key))
		want[key], want["last"] = value, key
		if got := snapshot(t, path, nil); !maps.Equal(got, want) {
			t.Fatalf("after %d changes: (-want +got):\n%.1000s", i+1, cmp.Diff(want, got))
		}
		if i%20 == 10 { // the next change begins the log anew
			raw(t, path, "PRAGMA wal_checkpoint(FULL)")
		}
	}
}

// TestSnapshotWhileWriting: a snapshot is of one moment, whatever another process
// commits meanwhile, moves from the log to the file, and begins a new log with.
func TestSnapshotWhileWriting(t *testing.T) {
	t.Parallel()
	path := newRegistry(t, 100)
	s := open(t, path)
	defer closeStore(t, s)
	value := func(i int) string { return fmt.Sprintf("%09d", i) + strings.Repeat("v", 9000) }
	apply(t, s, set("a", value(0)), set("m", value(0)), set("z", value(0)))
	calls := 0
	got := snapshot(t, path, func() {
		if calls++; calls > 3 {
			return
		}
		apply(t, s, set("a", value(calls)), set("m", value(calls)), set("z", value(calls)))
		raw(t, path, "PRAGMA wal_checkpoint(FULL)")
		apply(t, s, set("other", value(calls)))
	})
	if got["a"] != value(3) || got["a"] != got["m"] || got["a"] != got["z"] || calls != 4 {
		t.Errorf("got %.9q, %.9q and %.9q in %d tries, want what the third commit has left, in 4", got["a"], got["m"], got["z"], calls)
	}
}

func snapshot(t *testing.T, path string, whileRead func()) map[string]string {
	t.Helper()
	s, err := sqlite.OpenSnapshot(t.Context(), path, whileRead)
	if err != nil {
		t.Fatal(err)
	}
	defer closeStore(t, s)
	return all(t, s)
}
