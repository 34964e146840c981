package initiator_test

import (
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator"
)

// entriesOf returns the records whose keys begin with prefix, by key.
func (w *world) entriesOf(t *testing.T, prefix string) map[string]string {
	t.Helper()
	all := make(map[string]string)
	for r, err := range w.store.List(t.Context(), prefix) {
		if err != nil {
			t.Fatal(err)
		}
		all[r.Key] = string(r.Value)
	}
	return all
}

// damage makes all records unreadable whose keys begin with prefix; there is at least
// one.
func (w *world) damage(t *testing.T, prefix string) {
	t.Helper()
	n := 0
	for key := range w.entriesOf(t, prefix) {
		n++
		if err := w.store.Apply(t.Context(), initiator.Change{Key: key, Version: initiator.AnyVersion, Value: []byte(`{"secret`)}); err != nil {
			t.Fatal(err)
		}
	}
	if n == 0 {
		t.Fatalf("there is no record %s", prefix)
	}
}
