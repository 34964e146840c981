package session

import (
	"testing"

	"github.com/go-iscsi/discovery/pkg/pdu"
)

// TestNextITT: tags are fresh, and never the one that means none.
func TestNextITT(t *testing.T) {
	t.Parallel()
	n := new(Numbers)
	n.Reset()
	if a, b := n.nextITT(), n.nextITT(); a != 1 || b != 2 {
		t.Errorf("got %d, %d, want 1, 2", a, b)
	}
	n.itt = pdu.NoTag - 2
	if a, b := n.nextITT(), n.nextITT(); a != pdu.NoTag-1 || b != 1 {
		t.Errorf("at the end: got %#x, %#x", a, b)
	}
}

// TestAdvance: the StatSN that is waited for moves only by the one that comes
// next.
func TestAdvance(t *testing.T) {
	t.Parallel()
	n := new(Numbers)
	n.Reset()
	n.base(0xfffffffe)
	for i, tt := range []struct {
		statSN, next uint32
		lost         bool
	}{
		{statSN: 0xffffffff, next: 0},
		{statSN: 0xffffffff, next: 0}, // behind
		{statSN: 1, next: 0, lost: true},
		{statSN: 0x7fffffff, next: 0, lost: true},
		{statSN: 0x80000000, next: 0}, // neither before nor behind
		{statSN: 0, next: 1},
	} {
		if err := n.advance(pdu.OpTextResponse, tt.statSN); (err != nil) != tt.lost || n.expStatSN != tt.next {
			t.Errorf("%d: next is %#x, want %#x, error %v", i, n.expStatSN, tt.next, err)
		}
	}
}
