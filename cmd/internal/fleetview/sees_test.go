package fleetview

import (
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet/view"
)

// TestSees: what a host does not tell of a failure leaves nothing that seems to be cut off.
func TestSees(t *testing.T) {
	t.Parallel()
	for want, g := range map[string]view.Group{
		"failed":                     {},
		"failed at login":            {Stage: "login"},
		"failed: no answer":          {Message: "no answer"},
		"failed at login: no answer": {Stage: "login", Message: "no answer"},
		"1 target":                   {Up: true, Targets: 1},
		"2 targets, incomplete":      {Up: true, Targets: 2, Incomplete: true},
	} {
		g.Paths = make([]view.Path, 1)
		if got := Sees(&g); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
