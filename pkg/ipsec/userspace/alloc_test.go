//go:build !race

package userspace

import (
	"io"
	"testing"
)

// maxAllocations is how many allocations a packet may take in the mean on its way from the socket to
// Read, those of the stack, and of what it sends in return, included.
const maxAllocations = 1

// TestAllocations: it takes no more. A Read takes several packets here; one that takes a
// single packet costs an allocation of the stack's (BenchmarkReceive).
func TestAllocations(t *testing.T) {
	const packets = 256
	nc, b := connectGenerator(t), make([]byte, packets*generated)
	got := testing.AllocsPerRun(20, func() {
		if _, err := io.ReadFull(nc, b); err != nil {
			t.Fatal(err)
		}
	}) / packets
	if got > maxAllocations {
		t.Errorf("got %.2f allocations a packet, want %d at most", got, maxAllocations)
	}
}
