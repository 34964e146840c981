package registry_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/memstore"
	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// newNarrowStore returns a store that takes little at once.
func newNarrowStore() *hookStore {
	s := new(hookStore)
	s.MaxChanges, s.MaxBytes = 10, 4096
	return s
}

// disks are n targets, with an address each.
func disks(n int, address string) *iscsitest.Target {
	t := new(iscsitest.Target)
	for i := range n {
		t.Records = append(t.Records, iscsitest.Record{Name: fmt.Sprintf("iqn.2026-11.com.example:disk%03d", i), Addresses: []string{address}})
	}
	return t
}

// TestNarrowStore: all that a Service does goes through in batches as small as a Store wants
// them.
func TestNarrowStore(t *testing.T) {
	t.Parallel()
	store := newNarrowStore()
	w := newWorld(t, onStore(store))
	for i := range 40 { // each gets a number
		w.host = append(w.host, ports.Address{Addr: netip.MustParseAddr(fmt.Sprintf("198.51.100.%d", 10+i)), Interface: "eth2", Up: true})
	}
	all, err := w.Ports(t.Context())
	if scene.WantCode(t, err, 0); len(all) != len(w.host) {
		t.Errorf("%d ports", len(all))
	}
	scene.WantCode(t, w.AddInstance(t.Context(), ports.Instance{Name: "san"}), 0)
	for i := range 30 { // each is remembered
		p := scene.At(w.network.Portal(answering, disks(3, "192.0.2.10:3260,1")))
		p.Instance, p.Port, p.Security = "host", ports.N(uint32(3+i)), ipsec.FlagValid
		if i%2 == 0 {
			p.Instance = "san"
		}
		_, err := w.AddSendTargetPortal(t.Context(), p)
		scene.WantCode(t, err, 0)
	}
	wantChanges := func(what string, r initiator.Result, want int) {
		t.Helper()
		if len(r.Changes) != want || r.Err != nil {
			t.Errorf("%s: %d changes, want %d; %v", what, len(r.Changes), want, r.Err)
		}
	}
	wantChanges("all appear", w.adds(disks(50, "192.0.2.10:3260,1")), 50)
	wantChanges("the same", w.asks(disks(50, "192.0.2.10:3260,1")), 0)
	wantChanges("all change", w.asks(disks(50, "192.0.2.11:3260,1")), 50)
	wantChanges("most vanish", w.asks(disks(5, "192.0.2.11:3260,1")), 45)
	for p, err := range w.SendTargetPortals(t.Context()) {
		scene.WantCode(t, err, 0)
		scene.WantCode(t, w.RemoveSendTargetPortal(t.Context(), p.Key()), 0)
	}
	if n := len(w.entriesOf(t, "bitmap/")); n != 0 {
		t.Errorf("%d flags are remembered of portals that are not there", n)
	}
	w.clock = w.clock.Add(time.Hour)
	if n, err := w.PruneTargets(t.Context(), time.Minute); n != 50+30*3 || err != nil {
		t.Errorf("pruned %d, %v", n, err)
	}
	for key := range w.entriesOf(t, "") {
		if !strings.HasPrefix(key, "port/") && !strings.HasPrefix(key, "instance/") && !strings.HasPrefix(key, "setting/") {
			t.Errorf("%s is left", key)
		}
	}
}

// TestTooLargeForStore: where one record is more than a Store takes, the error says so.
func TestTooLargeForStore(t *testing.T) {
	t.Parallel()
	w := newWorld(t, onStore(newNarrowStore()))
	large := &iscsitest.Target{Records: []iscsitest.Record{{Name: scene.Disk1}}}
	for i := range 100 {
		large.Records[0].Addresses = append(large.Records[0].Addresses, fmt.Sprintf("192.0.2.%d:3260,1", i+1))
	}
	r := w.adds(large)
	var change *registry.ChangeError
	if !errors.As(r.Err, &change) || !strings.HasPrefix(change.Key, "target/") || !strings.Contains(change.Error(), "4096 bytes") || r.Changes != nil {
		t.Errorf("%v, changes %v", r.Err, r.Changes)
	}
}

// wantAsAnswered holds the list of targets against the answer of the only portal: these are
// there, with that address, and none else is.
func (w *world) wantAsAnswered(n int, address string) {
	w.t.Helper()
	there := 0
	for _, k := range w.targets() {
		m := k.Mechanisms[0]
		if !m.MissingSince.IsZero() {
			continue
		}
		if there++; m.Addresses[0].String() != address {
			w.t.Errorf("%s is at %s, want %s", k.Name, m.Addresses[0], address)
		}
	}
	if there != n {
		w.t.Errorf("%d targets are there, want %d", there, n)
	}
}

// TestMergeStops: wherever a merging of several batches stops, the answer before is not taken
// for the one that the records have: what is in the registry after the next answer is that
// answer.
func TestMergeStops(t *testing.T) {
	t.Parallel()
	const before, after = "192.0.2.10:3260,1", "192.0.2.11:3260,1"
	stops, stopped := 0, true
	for ; stopped; stops++ {
		store := &stoppingStore{hookStore: newNarrowStore(), left: -1}
		w := newWorld(t, onStore(store))
		w.adds(disks(30, before))
		w.asks(disks(30, before))
		w.wantAsAnswered(30, before)
		store.left = stops
		stopped = w.asks(disks(25, after)).Err != nil
		store.left = -1
		if r := w.asks(disks(30, before)); r.Err != nil || len(r.Changes) > 30 {
			t.Errorf("stopped after %d batches: %d changes, %v", stops, len(r.Changes), r.Err)
		}
		w.wantAsAnswered(30, before)
		if r := w.asks(disks(30, before)); len(r.Changes) != 0 {
			t.Errorf("stopped after %d batches: changes %v", stops, r.Changes)
		}
	}
	if stops < 5 {
		t.Errorf("the answer took %d batches", stops)
	}
}

// A stoppingStore takes so many batches, and then none.
type stoppingStore struct {
	*hookStore
	left int // negative: any number
}

func (s *stoppingStore) Apply(ctx context.Context, changes ...registry.Change) error {
	if s.left == 0 {
		return errors.New("no space left")
	}
	s.left--
	return s.hookStore.Apply(ctx, changes...)
}

// TestMergesMeet: answers of one portal that are merged at the same time, by several
// processes, may leave a mixture of both; the next answer puts that right, whichever it is.
func TestMergesMeet(t *testing.T) {
	t.Parallel()
	store := new(memstore.Store)
	store.MaxChanges, store.MaxBytes = 10, 4096
	addresses := []string{"192.0.2.10:3260,1", "192.0.2.11:3260,1"}
	worlds := make([]*world, len(addresses))
	for i := range worlds {
		worlds[i] = newWorld(t, onStore(store))
	}
	worlds[0].adds(disks(40, addresses[0]))
	for round := range 20 {
		var group sync.WaitGroup
		for i, w := range worlds {
			group.Go(func() {
				if r := w.asks(disks(40, addresses[i])); r.Err != nil {
					t.Error(r.Err)
				}
			})
		}
		group.Wait()
		last := round % 2
		if r := worlds[last].asks(disks(40, addresses[last])); r.Err != nil {
			t.Error(r.Err)
		}
		worlds[last].wantAsAnswered(40, addresses[last])
	}
}

// TestOlderWriter: what an older version writes into the registry, which does not know of
// answers, is held against the next answer.
func TestOlderWriter(t *testing.T) {
	t.Parallel()
	store := new(hookStore)
	w := newWorld(t, onStore(store))
	const ours, theirs = "192.0.2.10:3260,1", "192.0.2.11:3260,1"
	w.adds(disks(3, ours))
	w.asks(disks(3, ours))
	for key, value := range w.entriesOf(t, "") {
		var fields map[string]json.RawMessage
		if strings.HasPrefix(key, "port/") || json.Unmarshal([]byte(value), &fields) != nil {
			continue
		}
		delete(fields, "answer")
		now, err := json.Marshal(fields)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(key, "target/") {
			now = []byte(strings.Replace(string(now), "192.0.2.10\",\"port\":3260,\"group", "192.0.2.11\",\"port\":3260,\"group", 1))
		}
		if err := store.Apply(t.Context(), registry.Change{Key: key, Version: registry.AnyVersion, Value: now}); err != nil {
			t.Fatal(err)
		}
	}
	w.wantAsAnswered(3, theirs)
	if r := w.asks(disks(3, ours)); len(r.Changes) != 3 {
		t.Errorf("changes: %s, %v", told(r.Changes), r.Err)
	}
	w.wantAsAnswered(3, ours)
}

// TestDamagedIsFoundAgain: the remedy for a target whose record is damaged holds: once it is
// removed a refresh finds it again, though its portal says the same as before.
func TestDamagedIsFoundAgain(t *testing.T) {
	t.Parallel()
	long := longName("iqn.")
	for name, remove := range map[string]func(w *world) error{
		scene.Disk1: func(w *world) error { return w.RemoveStaticTarget(w.t.Context(), scene.Disk1) },
		long: func(w *world) error {
			_, err := w.PruneTargets(w.t.Context(), 0)
			return err
		},
	} {
		w := newWorld(t)
		answer := &iscsitest.Target{Records: scene.Records(scene.Disk1, long)}
		w.adds(answer)
		if name == long {
			w.damage(t, "long/target/")
		} else {
			w.damage(t, "target/")
		}
		if r := w.asks(answer); r.Err != nil || len(r.Changes) != 0 {
			t.Errorf("changes %v, %v", r.Changes, r.Err)
		}
		scene.WantCode(t, remove(w), isdsc.Success)
		if r := w.asks(answer); len(r.Changes) != 1 || r.Changes[0].Target != name {
			t.Errorf("%.40s: changes %.200s, %v", name, told(r.Changes), r.Err)
		}
		if n := len(w.targets()); n != 2 {
			t.Errorf("%d targets", n)
		}
	}
}
