package host_test

import (
	"context"
	"slices"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/test/etcdtest"
)

// A write is one key that changed in etcd.
type write struct {
	key      string
	revision int64
}

// revision returns that of etcd.
func (w *world) revision() int64 {
	w.Helper()
	r, err := w.admin.Get(w.Context(), "now")
	if err != nil {
		w.Fatal(err)
	}
	return r.Header.Revision
}

// wrote returns which keys of the fleet have changed since a revision, in order.
func (w *world) wrote(since int64) (all []write) {
	w.Helper()
	ctx, cancel := context.WithTimeout(w.Context(), waitLimit)
	defer cancel()
	mark, err := w.admin.Put(ctx, w.keys.Prefix()+"mark", "")
	if err != nil {
		w.Fatal(err)
	}
	for r := range w.admin.Watch(ctx, w.keys.Prefix(), clientv3.WithPrefix(), clientv3.WithRev(since+1)) {
		for _, e := range r.Events {
			if e.Kv.ModRevision == mark.Header.Revision {
				return all
			}
			all = append(all, write{string(e.Kv.Key), e.Kv.ModRevision})
		}
	}
	w.Fatalf("the fleet's changes since revision %d do not come", since)
	return nil
}

// writes returns how many transactions have changed the fleet since a revision.
func (w *world) writes(since int64) int {
	w.Helper()
	return len(slices.CompactFunc(w.wrote(since), func(a, b write) bool { return a.revision == b.revision }))
}

// What a host is about to write when another one takes its name is not written.
func TestNameTakenBeforeWrite(t *testing.T) {
	onEach(t, func(w *world) {
		two := w.keys.Path("a", entry(2))
		var before int64
		r := w.run(setting{id: "one", before: func(ops []clientv3.Op) {
			if before == 0 && string(ops[0].KeyBytes()) == two {
				before = w.revision()
				w.put(w.keys.Info("a"), string((&fleet.Info{Host: "a", ID: "two"}).Encode()))
			}
		}})
		r.sees(1, "x")
		r.connected()
		r.sees(2, "x")
		r.refused("two")
		for _, k := range w.wrote(before) {
			if k.key == two {
				w.Error("the path is written, and the name was another host's already")
			}
		}
	})
}

// An answer of several parts is written with part 0 last.
func TestFirstPartLast(t *testing.T) {
	on(t, etcdtest.Built, func(w *world) {
		a := encoded(w.T, long(9_500))
		r := w.run(setting{})
		r.sees(1, long(9_500)...)
		r.connected()
		before := w.revision()
		w.put(w.keys.Want("a", a.Digest), "")
		w.delivered("a", a)
		var parts []int
		for _, k := range w.wrote(before) {
			if p := w.keys.Parse(k.key); p.Kind == fleet.KindPart {
				parts = append(parts, p.Part)
			}
		}
		if len(parts) != len(a.Parts) || len(parts) < 2 || parts[len(parts)-1] != 0 {
			w.Errorf("got the parts %v of %d, want part 0 last", parts, len(a.Parts))
		}
	})
}
