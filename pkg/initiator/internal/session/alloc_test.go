//go:build !race

package session_test

import (
	"testing"

	"github.com/go-iscsi/discovery/pkg/pdu"
)

// TestAllocations: what a SendTargets allocates does not depend on how long the
// answer is, in pairs or in parts.
func TestAllocations(t *testing.T) {
	var list pdu.Text
	for range 100 {
		list = list.Append(pdu.KeyTargetName, "iqn.2026-11.com.example:storage.disk2.sys1.xyz")
		list = list.Append(pdu.KeyTargetAddress, "192.0.2.10:3260,1")
		list = list.Append(pdu.KeyTargetAddress, "[2001:db8::10]:3260,1")
	}
	count := func(parts, size int) float64 {
		return testing.AllocsPerRun(10, func() {
			names := 0
			m := startSendTargets(startNumbers(), eachPair(func(p pdu.Pair) error {
				if string(p.Key) == pdu.KeyTargetName {
					names++
				}
				return nil
			}))
			if _, _, err := m.Step(nil); err != nil {
				t.Fatal(err)
			}
			response := pdu.TextResponse{ITT: 1, TTT: 1, StatSN: 0xffffffff}
			nop := pdu.NOPIn{ITT: pdu.NoTag, TTT: 1}
			for range parts {
				for off := 0; off < len(list); off += size {
					response.StatSN++
					nop.StatSN = response.StatSN + 1
					response.Data = list[off:min(off+size, len(list))]
					if _, _, err := m.Step(&response); err != nil {
						t.Fatal(err)
					}
					if off > 0 {
						continue
					}
					if _, _, err := m.Step(&nop); err != nil {
						t.Fatal(err)
					}
				}
			}
			response.Data, response.Final = nil, true
			response.StatSN++
			if _, done, err := m.Step(&response); err != nil || !done || names != parts*100 {
				t.Fatalf("done %t, %d names, error %v", done, names, err)
			}
		})
	}
	for _, size := range []int{1000, 8192} { // in pieces that cut pairs, and as a target sends them
		few, many := count(1, size), count(100, size)
		// The two buffers for pairs that are cut grow to the longest.
		if many > few+8 {
			t.Errorf("pieces of %d bytes: got %v allocations for 100 times the answer, %v for one", size, many, few)
		}
		if few > 20 {
			t.Errorf("pieces of %d bytes: got %v allocations, want at most 20", size, few)
		}
	}
}
