package registry_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/pdu"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// health is what is kept of how an entry answers, in minutes since the first attempt.
func (w *world) health(begin time.Time) string {
	minutes := func(t time.Time) string {
		if t.IsZero() {
			return "-"
		}
		return fmt.Sprint(int(t.Sub(begin).Minutes()))
	}
	last := w.portals()[0].Last
	return fmt.Sprintf("ok %s, failing since %s, %d failures", minutes(last.LastOK), minutes(last.FailingSince), last.Failures)
}

// TestHealth: an entry tells when it answered last, since when it fails, and how often in a
// row. A fault of our own changes nothing.
func TestHealth(t *testing.T) {
	t.Parallel()
	store := new(fullStore)
	w := newWorld(t, onStore(store))
	good, bad := &iscsitest.Target{Records: scene.Records(scene.Disk1)}, &iscsitest.Target{Status: pdu.StatusServiceUnavailable}
	other := &iscsitest.Target{Records: scene.Records(scene.Disk2)}
	begin := w.clock.Add(time.Minute)
	for i, tt := range []struct {
		answer iscsitest.Handler
		full   bool
		want   string
	}{
		{bad, false, "ok -, failing since 0, 1 failures"},
		{bad, false, "ok -, failing since 0, 2 failures"},
		{good, false, "ok 2, failing since -, 0 failures"},
		{good, false, "ok 3, failing since -, 0 failures"},
		{bad, false, "ok 3, failing since 4, 1 failures"},
		{other, true, "ok 3, failing since 4, 1 failures"},
		{bad, false, "ok 3, failing since 4, 2 failures"},
		{good, false, "ok 7, failing since -, 0 failures"},
	} {
		if store.full = tt.full; i == 0 {
			w.adds(tt.answer)
		} else {
			w.asks(tt.answer)
		}
		if got := w.health(begin); got != tt.want {
			t.Errorf("attempt %d: got %s, want %s", i, got, tt.want)
		}
	}
}

// TestHealthOfOlderRecords: what an older version wrote is told as far as it is known, and
// counted on from there.
func TestHealthOfOlderRecords(t *testing.T) {
	t.Parallel()
	bad := &iscsitest.Target{Status: pdu.StatusServiceUnavailable}
	for _, tt := range []struct{ last, want, then string }{
		{`{"time":"2026-11-22T11:50:00Z","code":0,"targets":1}`, "ok -10, failing since -, 0 failures", "ok -10, failing since 1, 1 failures"},
		{`{"time":"2026-11-22T11:50:00Z","code":4026466307,"targets":0}`, "ok -, failing since -10, 1 failures", "ok -, failing since -10, 2 failures"},
		{`{"time":"2026-11-22T11:50:00Z","code":4026466307,"targets":0,"not_judged_since":"2026-11-22T11:30:00Z"}`, "ok -, failing since -30, 1 failures", "ok -, failing since -30, 2 failures"},
	} {
		w := newWorld(t)
		begin := w.clock
		value := `{"instance":"","port":4294967295,"address":"192.0.2.10","tcp_port":3260,"login":{},"added":"2026-11-22T11:00:00Z","last":` + tt.last + `}`
		if err := w.store.Apply(t.Context(), registry.Change{Key: "portal/192.0.2.10/03260//4294967295", Value: []byte(value)}); err != nil {
			t.Fatal(err)
		}
		if got := w.health(begin); got != tt.want {
			t.Errorf("got %s, want %s", got, tt.want)
		}
		w.asks(bad)
		if got := w.health(begin); got != tt.then {
			t.Errorf("then: got %s, want %s", got, tt.then)
		}
	}
}

// TestGroups: results that are there together are applied together, in their order; one that
// another writer was ahead of costs no other, and a store that takes nothing costs each.
func TestGroups(t *testing.T) {
	t.Parallel()
	store := new(hookStore)
	w := newWorld(t, onStore(store))
	const n = 50
	var want []string
	for i := range n {
		p := scene.At(w.network.Portal(fmt.Sprintf("192.0.2.%d:3260", 10+i), &iscsitest.Target{Records: scene.Records(scene.Disk1)}))
		want = append(want, p.Portal.String())
		_, err := w.AddSendTargetPortal(t.Context(), p)
		scene.WantCode(t, err, 0)
	}
	slices.Sort(want)
	batches, changes, met := 0, 0, false
	store.hook = func(all []registry.Change) {
		batches, changes = batches+1, changes+len(all)
		if met {
			return
		}
		met = true
		other := all[len(all)-1]
		other.Version = registry.AnyVersion
		if err := store.Store.Apply(t.Context(), other); err != nil {
			t.Error(err)
		}
	}
	refresh := func(code uint32) {
		t.Helper()
		w.clock = w.clock.Add(time.Minute)
		var got []string
		for r := range w.RefreshAll(t.Context()) {
			got = append(got, r.Asked.Portal.String())
			if initiator.Code(r.Err) != code || !r.Stored || len(r.Changes) != 0 {
				t.Errorf("%s: %v", r.Asked.Portal, r.Err)
			}
			if code == isdsc.Success { // what a result says is in the registry before it is yielded
				stored := w.portals()[len(got)-1]
				if !stored.Last.Time.Equal(w.clock) || stored.Portal != r.Asked.Portal {
					t.Errorf("%s: %+v", stored.Portal, stored.Last)
				}
			}
		}
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("results (-want +got):\n%s", diff)
		}
	}
	refresh(isdsc.Success)
	if !met {
		t.Error("no other writer")
	}
	batches, changes = 0, 0
	refresh(isdsc.Success)
	if changes != n || batches > n {
		t.Errorf("%d changes in %d batches", changes, batches)
	}
	t.Logf("%d batches for %d results", batches, n)
	var keys []initiator.Key
	for _, p := range w.portals() {
		keys = append(keys, p.Key(), p.Key()) // one portal twice
	}
	i := 0
	for r := range w.Refresh(t.Context(), keys) {
		if r.Err != nil || r.Asked.Key() != keys[i] || !r.Stored {
			t.Errorf("result %d: %s, %v", i, r.Asked.Portal, r.Err)
		}
		i++
	}
	if i != len(keys) {
		t.Errorf("%d results, want %d", i, len(keys))
	}
}

// TestGroupFails: where a group cannot be stored each of its results says so.
func TestGroupFails(t *testing.T) {
	t.Parallel()
	store := &stoppingStore{hookStore: new(hookStore), left: -1}
	w := newWorld(t, onStore(store))
	for i := range 5 {
		_, err := w.AddSendTargetPortal(t.Context(), scene.At(w.network.Portal(fmt.Sprintf("192.0.2.%d:3260", 10+i), &iscsitest.Target{Records: scene.Records(scene.Disk1)})))
		scene.WantCode(t, err, 0)
	}
	store.left = 0
	n := 0
	for r := range w.RefreshAll(t.Context()) {
		var e *initiator.Error
		if n++; !errors.As(r.Err, &e) || e.Stage != initiator.StageStore || e.Portal != r.Asked.Portal || r.Changes != nil {
			t.Errorf("%s: %v", r.Asked.Portal, r.Err)
		}
	}
	if n != 5 {
		t.Errorf("%d results", n)
	}
}
