package fleetverbs

import (
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/sweep"
)

// TestScanTallyLost: of a scan that ended before its time the line does not let portals that
// hosts were asking pass for such that nobody asked.
func TestScanTallyLost(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		granted, read int
		want          string
	}{
		{0, 0, ""},
		{2, 2, ""},
		{1, 2, ""}, // what is told of progress may be older than what was read
		{2, 1, "; of 1 shard that hosts were asking nothing is known"},
		{4, 1, "; of 3 shards that hosts were asking nothing is known"},
	} {
		tally := &scanTally{read: map[int]bool{}, hosts: map[string]*hostTally{}}
		for n := range tt.read {
			tally.read[n] = true
		}
		got := tally.sum(new(fleet.Job), &sweep.Progress{Shards: 4, Granted: tt.granted}).text()
		if begin, end, _ := strings.Cut(got, " answered with 0 targets"); begin != "0 of 0 portals asked, 0" || end != tt.want {
			t.Errorf("%d granted, %d read: got %q, want %q at its end", tt.granted, tt.read, got, tt.want)
		}
	}
}
