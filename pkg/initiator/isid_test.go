package initiator_test

import (
	"net/netip"
	"os"
	"slices"
	"testing"
	"testing/cryptotest"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/pdu"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// isids returns those of n sessions with one portal, of which parallel are made at once.
func isids(t *testing.T, n, parallel int) (all []pdu.ISID) {
	t.Helper()
	scene.Play(t, func(t *testing.T, network *iscsitest.Network, d *initiator.Discoverer) {
		d.Parallel = parallel
		p := scene.Portal(network, scene.Where, &iscsitest.Target{})
		for e := range d.Run(t.Context(), slices.Values(slices.Repeat([]initiator.SendTargetPortal{p}, n))) {
			scene.Judge(t, e.(initiator.PortalDone).Result.Err, scene.Outcome{})
		}
		for _, s := range network.Sessions(netip.MustParseAddrPort(scene.Where)) {
			all = append(all, s.Requests[0].(*pdu.LoginRequest).ISID)
		}
	})
	return all
}

// TestISID: each session has an identifier of its own, of the type for those
// without a number from an authority, also of sessions that are made at once: none
// replaces another.
func TestISID(t *testing.T) {
	t.Parallel()
	for _, parallel := range []int{1, 64} {
		seen := make(map[pdu.ISID]bool)
		for _, isid := range isids(t, 256, parallel) {
			if isid[0] != 0x80 || seen[isid] {
				t.Errorf("%d at once: ISID %s, before it %v", parallel, isid, seen)
			}
			seen[isid] = true
		}
		if got, want := len(seen), 256; got != want {
			t.Errorf("%d at once: got %d ISIDs, want %d", parallel, got, want)
		}
	}
}

// TestISIDIsRandom: all bits but those of the type come from crypto/rand. Where that is
// made to repeat itself, ISIDs are repeated, so nothing else goes into them.
func TestISIDIsRandom(t *testing.T) {
	series := func(t *testing.T, seed uint64) (all []pdu.ISID) {
		t.Run("draw", func(t *testing.T) {
			cryptotest.SetGlobalRandom(t, seed)
			all = isids(t, 16, 1)
		})
		return all
	}
	if os.Getenv("DISCOVER_TEST_SUSPEND") != "" {
		t.Skip("in the process of TestSuspended: sessions in memory are not suspended")
	}
	first, again, other := series(t, 1), series(t, 1), series(t, 2)
	if !slices.Equal(first, again) || slices.Equal(first, other) {
		t.Errorf("from the same random bytes came %v and %v, from others %v", first, again, other)
	}
	var ones, zeros pdu.ISID // bits that were once 1, and once 0
	for _, isid := range append(first, other...) {
		for i, b := range isid {
			ones[i] |= b
			zeros[i] |= ^b
		}
	}
	if want := (pdu.ISID{0x80, 0xff, 0xff, 0xff, 0xff, 0xff}); ones != want {
		t.Errorf("got ones at %s, want %s", ones, want)
	}
	if want := (pdu.ISID{0x7f, 0xff, 0xff, 0xff, 0xff, 0xff}); zeros != want {
		t.Errorf("got zeros at %s, want %s", zeros, want)
	}
}
