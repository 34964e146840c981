package host_test

import (
	"slices"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/host"
)

// A host publishes fleet.MaxPaths entries in few transactions, and says how many more there
// are; when one goes another one has its place.
func TestMany(t *testing.T) {
	onEach(t, func(w *world) {
		const more = 10
		r := w.run(setting{})
		r.connected()
		before := w.revision()
		r.cut() // so that all are there when it writes
		for n := range fleet.MaxPaths + more {
			r.sees(n, "x")
		}
		r.heal()
		r.state("with all", func(s host.State) bool { return s.Published == fleet.MaxPaths })
		unpublished := func(want int) {
			w.Helper()
			w.holds("unpublished entries", w.keys.Info("a"), func(all map[string]string) bool {
				i, err := fleet.DecodeInfo("a", []byte(all[""]))
				return err == nil && i.Unpublished == want
			})
		}
		unpublished(more)
		if n := w.writes(before); n > fleet.MaxPaths/host.MaxOps+5 {
			w.Errorf("got %d transactions", n)
		}
		r.forgets(1)
		r.forgets(fleet.MaxPaths + 1)
		r.sees(fleet.MaxPaths+2, "x")
		w.path("a", fleet.MaxPaths+2, func(p *fleet.Path) bool { return p.Up })
		unpublished(more - 2)
	})
}

func TestBatch(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		sizes []int
		want  int
	}{
		{"one", []int{1}, 1},
		{"many", make([]int, 1000), host.MaxOps},
		{"a part", []int{fleet.MaxPartLen, fleet.MaxPartLen}, 1},
		{"too large by itself", []int{2 * host.MaxBytes, 1}, 1},
		{"small ones first", []int{100, 100, fleet.MaxPartLen, fleet.MaxPartLen}, 3},
		{"records as large as they may be", slices.Repeat([]int{fleet.MaxRecordLen}, 100), host.MaxBytes / (fleet.MaxRecordLen + 64)},
	} {
		if got := host.BatchOf(tt.sizes); got != tt.want {
			t.Errorf("%s: got %d, want %d", tt.name, got, tt.want)
		}
	}
	if host.MaxOps > 128 || host.MaxBytes > 3<<19 {
		t.Errorf("got %d operations of %d bytes, more than etcd takes", host.MaxOps, host.MaxBytes)
	}
}
