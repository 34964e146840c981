//go:build !race

package esp

import "testing"

// TestAllocations: a packet is sealed, opened and dropped without an allocation.
func TestAllocations(t *testing.T) {
	for name, s := range suites() {
		sealer, opener := newPair(t, s)
		payload := make([]byte, 1400)
		buf := make([]byte, 0, 2048)
		forged := make([]byte, 200)
		copy(forged, "\xc0\xff\xee\x01\xff\xff\xff\xf0")
		if got := testing.AllocsPerRun(100, func() {
			packet, err := sealer.Seal(buf, payload, NextTCP)
			if err != nil {
				t.Fatal(err)
			}
			if _, _, err := opener.Open(packet); err != nil {
				t.Fatal(err)
			}
			if _, _, err := opener.Open(packet); err == nil {
				t.Fatal("opened twice")
			}
			if _, _, err := opener.Open(forged); err == nil {
				t.Fatal("opened what was forged")
			}
		}); got != 0 {
			t.Errorf("%s: got %v allocations, want none", name, got)
		}
	}
}
