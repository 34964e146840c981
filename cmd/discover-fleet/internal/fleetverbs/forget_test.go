package fleetverbs

import (
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/fleettest"
)

// TestForget: silent hosts are dropped, others are not.
func TestForget(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	fleettest.NewHost(t, w.client, w.keys, "alive")
	for _, host := range []string{"alive", "gone", "gone2"} {
		known := &fleet.Known{Host: host, First: time.Now(), Paths: 3}
		if host != "alive" {
			known.SilentSince = time.Now()
		}
		fleettest.Put(t, w.client, w.keys.Known(host), string(known.Encode()))
	}
	w.want(0, []string{"host-silent", "gone2"}, []string{"no host leads the fleet"}, "diff")
	w.want(0, []string{"dry run: would have dropped host gone of the fleet "}, nil, "forget", "--dry-run", "gone")
	w.want(0, []string{"host-silent", "gone2"}, []string{"no host leads the fleet"}, "diff")
	w.want(3, []string{"dropped host gone of the fleet "}, []string{"host alive is not silent", "end discoverd there first", "no host other is known in the fleet"}, "forget", "gone", "alive", "other", "gone")
	w.want(0, []string{`{"type":"forgotten-host","host":"gone2"}`}, nil, "forget", "-o", "jsonl", "gone2")
	w.want(0, nil, []string{"no host leads", "no differences among 1 host of the fleet"}, "diff")
	w.want(1, nil, []string{"no host gone is known"}, "forget", "gone")
	fleettest.HostOf(t, w.client, w.keys, "left", 0).See("192.0.2.1", "iqn.x:a")
	w.want(0, []string{"left", "silent"}, []string{"no host leads"}, "hosts")
	w.want(1, nil, []string{"no leader has noted host left, and keys below " + w.keys.Host("left") + " are there"}, "forget", "left")
	w.want(2, nil, []string{"host name"}, "forget", "../gone")
}
