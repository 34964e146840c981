package registry_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// A readStore counts the records of targets that are read one at a time.
type readStore struct {
	stoppingStore
	read int
}

func newReadStore() *readStore {
	return &readStore{stoppingStore: stoppingStore{hookStore: new(hookStore), left: -1}}
}

func (s *readStore) Get(ctx context.Context, key string) (registry.Record, error) {
	if strings.HasPrefix(key, "target/") || strings.HasPrefix(key, "long/target/") {
		s.read++
	}
	return s.stoppingStore.Get(ctx, key)
}

// reads asks the portal, and returns how many records of targets were read for that.
func (w *world) reads(store *readStore, answer iscsitest.Handler, changes int) int {
	w.t.Helper()
	before := store.read
	if r := w.asks(answer); r.Err != nil || len(r.Changes) != changes {
		w.t.Errorf("changes %s, want %d; %v", told(r.Changes), changes, r.Err)
	}
	return store.read - before
}

// with returns the targets of disks, some of which have one more address.
func with(n int, host string, which ...int) *iscsitest.Target {
	t := disks(n, "192.0.2.10:3260,1")
	for _, i := range which {
		t.Records[i].Addresses = append(t.Records[i].Addresses, host+".example:3260,1")
	}
	return t
}

// revalue changes the values of records whose keys begin with prefix.
func (w *world) revalue(prefix string, to func(value string) string) {
	w.t.Helper()
	for key, value := range w.entriesOf(w.t, prefix) {
		if err := w.store.Apply(w.t.Context(), registry.Change{Key: key, Version: registry.AnyVersion, Value: []byte(to(value))}); err != nil {
			w.t.Fatal(err)
		}
	}
}

// TestReadsWhatDiffers: of an answer that differs from the one before in part, only the
// records of the targets that differ are read.
func TestReadsWhatDiffers(t *testing.T) {
	t.Parallel()
	store := newReadStore()
	w := newWorld(t, onStore(store))
	if r := w.adds(with(50, "")); r.Err != nil || store.read != 0 {
		t.Errorf("the first answer: %d reads, %v", store.read, r.Err)
	}
	for _, tt := range []struct {
		name    string
		answer  *iscsitest.Target
		changes int
		reads   int
		before  func()
	}{
		{"two change", with(50, "x", 3, 4), 2, 2, nil},
		{"one goes", with(49, "x", 3, 4), 1, 1, nil},
		{"another changes", with(49, "x", 3, 4, 5), 1, 1, nil},
		{"it is back, and one is new", with(51, "x", 3, 4, 5), 2, 1, nil},
		{"it is gone again", with(49, "x", 3, 4, 5), 2, 2, nil},
		{"they are pruned, and come back", with(51, "x", 3, 4, 5), 2, 0, func() { _, _ = w.PruneTargets(t.Context(), 0) }},
		{"after a day", with(51, "x", 3, 4), 1, 51, func() { w.clock = w.clock.Add(25 * time.Hour) }},
		{"and then", with(51, "x", 3), 1, 1, nil},
		{"a registry of a version without sums", with(51, ""), 1, 51, func() { w.revalue("found/", func(string) string { return "{}" }) }},
		{"and then", with(51, "x", 3), 1, 1, nil},
		{"one goes, and another changes", with(50, "x"), 2, 2, nil},
		{"a registry without sums again", with(50, "x", 3), 1, 51, func() { w.revalue("found/", func(string) string { return "{}" }) }},
		{"and then", with(50, "x"), 1, 1, nil},
		{"and it is back", with(51, "x", 3), 2, 2, nil},
		{"a version that knows no answers wrote the entry", with(51, "x", 3, 4), 1, 51, func() {
			w.revalue("portal/", func(v string) string { return without(t, v, "answer") })
		}},
		{"and then", with(51, "x", 3), 1, 1, nil},
		{"an index that is damaged", with(51, "x", 4), 2, 51, func() { w.revalue("found/", func(string) string { return "\x00" }) }},
		{"and then", with(51, "x", 3), 2, 2, nil},
		{"a clock that was set back", with(51, "x", 4), 2, 51, func() { w.clock = w.clock.Add(-time.Hour) }},
		{"and then", with(51, "x", 3), 2, 2, nil},
	} {
		if tt.before != nil {
			tt.before()
		}
		if n := w.reads(store, tt.answer, tt.changes); n != tt.reads {
			t.Errorf("%s: %d records are read, want %d", tt.name, n, tt.reads)
		}
		w.wantAsAnswered(len(tt.answer.Records), "192.0.2.10:3260,1")
	}
}

// without leaves a field out of a record.
func without(t *testing.T, value, field string) string {
	t.Helper()
	var fields map[string]json.RawMessage
	if err := json.Unmarshal([]byte(value), &fields); err != nil {
		t.Fatal(err)
	}
	delete(fields, field)
	b, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestReadsInPart: an answer in part does not have the targets read again that it has passed
// over before.
func TestReadsInPart(t *testing.T) {
	t.Parallel()
	store := newReadStore()
	w := newWorld(t, onStore(store))
	w.adds(with(50, ""))
	part := func(host string) *iscsitest.Target {
		a := with(10, host, 0)
		a.Records[9].Name = "disk 9" // which is no name
		return a
	}
	for i, want := range []int{41, 1, 0} {
		if n := w.reads(store, part([]string{"", "x", "x"}[i]), []int{0, 1, 0}[i]); n != want {
			t.Errorf("answer %d: %d records are read, want %d", i, n, want)
		}
	}
	if n := w.reads(store, with(50, "x", 0), 0); n != 41 {
		t.Errorf("the whole: %d records are read", n)
	}
}

// TestRecordWithoutIndex: a record that the index does not have costs nothing but a further
// try.
func TestRecordWithoutIndex(t *testing.T) {
	t.Parallel()
	for _, narrow := range []bool{false, true} {
		w := newWorld(t)
		if narrow {
			w = newWorld(t, onStore(newNarrowStore()))
		}
		w.adds(with(50, ""))
		for key := range w.entriesOf(t, "found/") {
			if err := w.store.Apply(t.Context(), registry.Change{Key: key, Version: registry.AnyVersion, Delete: true}); err != nil {
				t.Fatal(err)
			}
		}
		if r := w.asks(with(51, "x", 7)); r.Err != nil || told(r.Changes) != "changed disk007 is [192.0.2.10:3260,1 x.example:3260,1] was [192.0.2.10:3260,1]; appeared disk050 is [192.0.2.10:3260,1]" {
			t.Errorf("changes %s, %v", told(r.Changes), r.Err)
		}
		w.wantAsAnswered(51, "192.0.2.10:3260,1")
		if n := len(w.entriesOf(t, "found/")); n != 51 {
			t.Errorf("%d in the index", n)
		}
	}
}

// TestDamagedStaysUnread: a damaged record of a target that says the same as before is
// replaced a day after the records were compared, whatever becomes of others meanwhile.
func TestDamagedStaysUnread(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.adds(with(5, ""))
	w.damage(t, "target/iqn.2026-11.com.example:disk002/")
	damaged := func() (n int) {
		for _, err := range w.Targets(t.Context(), false) {
			if err != nil {
				n++
			}
		}
		return n
	}
	for i := range 30 {
		w.clock = w.clock.Add(time.Hour)
		w.asks(with(5, fmt.Sprint("x", i), 3))
		if got, want := damaged(), 1; i < 23 && got != want || i > 23 && got != 0 {
			t.Errorf("after %d hours %d are damaged", i+1, got)
		}
	}
	w.damage(t, "target/iqn.2026-11.com.example:disk002/")
	if r := w.asks(with(5, "y", 2, 3)); len(r.Changes) != 1 || r.Err != nil || damaged() != 0 {
		t.Errorf("changes %s, %v", told(r.Changes), r.Err)
	}
}

// TestIndexSaysTheSame: with the index, answers leave the same records and tell the same as
// where all records are compared each time.
func TestIndexSaysTheSame(t *testing.T) {
	t.Parallel()
	for seed := range uint64(8) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			testIndexSaysTheSame(t, rand.New(rand.NewPCG(seed, 17)))
		})
	}
}

// A twin is a portal of changing targets in two worlds, of which one has its records compared
// each time.
type twin struct {
	*rand.Rand
	worlds [2]*world
	stores [2]*readStore
	names  []string
	is     map[string]iscsitest.Record
}

func testIndexSaysTheSame(t *testing.T, random *rand.Rand) {
	w := &twin{Rand: random, is: make(map[string]iscsitest.Record)}
	most := []int{0, 6 + random.IntN(20)}[random.IntN(2)]
	for i := range w.worlds {
		w.stores[i] = newReadStore()
		w.stores[i].MaxChanges = most
		w.worlds[i] = newWorld(t, onStore(w.stores[i]))
	}
	for i := range 30 {
		w.names = append(w.names, fmt.Sprintf("iqn.2026-11.com.example:disk%03d", i))
	}
	w.names = append(w.names, longName("iqn."), longName("iqn.x"))
	for step := range 40 {
		w.step(t, step)
	}
	if got, want := w.stores[0].read, w.stores[1].read; got >= want {
		t.Errorf("%d reads by the index, %d without", got, want)
	}
}

// step has something differ, and asks both.
func (w *twin) step(t *testing.T, step int) {
	for range w.IntN(5) {
		name := w.names[w.IntN(len(w.names))]
		switch r := w.is[name]; w.IntN(4) {
		case 0:
			delete(w.is, name)
		case 1:
			w.is[name] = iscsitest.Record{Name: name, Addresses: []string{"192.0.2.10:3260,1", "192.0.2.11:3260,2"}}
		case 2:
			r.Name, r.Addresses = name, []string{fmt.Sprintf("192.0.2.10:3260,%d", w.IntN(3))}
			w.is[name] = r
		default:
			r.Addresses = slices.Clone(r.Addresses)
			slices.Reverse(r.Addresses)
			if r.Name = name; len(r.Addresses) == 0 {
				r.Addresses = []string{"127.0.0.1:3260,1"} // not usable
			}
			w.is[name] = r
		}
	}
	answer := &iscsitest.Target{Records: slices.Collect(maps.Values(w.is))}
	if len(w.is) > 0 && w.IntN(4) == 0 {
		answer.Records = append(answer.Records, iscsitest.Record{Name: "disk 9"})
	}
	prune, stop := w.IntN(8) == 0, -1
	if w.IntN(8) == 0 {
		stop = w.IntN(3)
	}
	var said [2]string
	for i, one := range w.worlds {
		if i == 1 {
			one.revalue("portal/", func(v string) string { return strings.Replace(v, `"digest":`, `"digits":`, 1) })
		}
		if prune {
			if _, err := one.PruneTargets(t.Context(), 0); err != nil {
				t.Fatal(err)
			}
		}
		if w.stores[i].left = stop; stop >= 0 {
			one.asks(answer)
			w.stores[i].left = -1
		}
		r := one.asks(answer)
		if step == 0 {
			r = one.adds(answer)
		}
		if said[i] = told(r.Changes); r.Err != nil {
			t.Fatal(r.Err)
		}
	}
	if diff := cmp.Diff(said[1], said[0]); diff != "" {
		t.Errorf("step %d: told by comparison, and by the index:\n%s", step, diff)
	}
	if diff := cmp.Diff(w.records(t, 1), w.records(t, 0)); diff != "" {
		t.Errorf("step %d: records by comparison (-) and by the index (+):\n%s", step, diff)
	}
}

// records returns what is in the registry of targets.
func (w *twin) records(t *testing.T, world int) map[string]string {
	all := make(map[string]string)
	for _, prefix := range []string{"target/", "long/", "found/"} {
		maps.Copy(all, w.worlds[world].entriesOf(t, prefix))
	}
	return all
}
