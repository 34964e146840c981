package sweep

import (
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator"
)

// TestAlikeFailures: the failures of a silent block take one entry, not one for each address.
func TestAlikeFailures(t *testing.T) {
	t.Parallel()
	var a alike
	silent, refused := new(initiator.Result), new(initiator.Result)
	for i := range 1000 {
		a.add(i, silent)
	}
	a.add(1000, refused)
	a.add(1002, refused)
	if len(a) != 3 {
		t.Errorf("got %d entries, want 3", len(a))
	}
	for i, want := range map[int]*initiator.Result{0: silent, 999: silent, 1000: refused, 1001: nil, 1002: refused, 1003: nil} {
		if got := a.at(i); got != want {
			t.Errorf("%d: got %p, want %p", i, got, want)
		}
	}
}
