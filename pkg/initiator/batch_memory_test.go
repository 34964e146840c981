package initiator

import (
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

// TestKeptBatches: of the memory of batches no more than 4 MiB, and no more than 64
// batches, are kept for the next ones.
func TestKeptBatches(t *testing.T) {
	t.Parallel()
	for name, alias := range map[string]string{"small": "", "large": strings.Repeat("x", 1<<20)} {
		var kept batches
		for range 100 {
			b := new(Batch)
			b.Add(&target.Target{Name: "iqn.2026-11.com.example:disk", Alias: alias})
			kept.put(b)
		}
		size := 0
		for _, b := range kept.free {
			size += b.Size()
		}
		if len(kept.free) == 0 || len(kept.free) > 64 || size > 4<<20 || size != kept.held {
			t.Errorf("%s: %d batches of %d bytes are kept, counted as %d; want 64 batches and 4 MiB at most", name, len(kept.free), size, kept.held)
		}
	}
}
