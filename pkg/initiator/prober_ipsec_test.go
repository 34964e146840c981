package initiator_test

import (
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// TestProbeUnknown: where it is not known what exists, and that is to be refused, no
// address is tried.
func TestProbeUnknown(t *testing.T) {
	t.Parallel()
	scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
		d.NothingExists = true
		p := scene.Portal(n, scene.Where, scene.Showing("192.0.2.9:3260,1"))
		p.IPsec.RefuseUnknown = true
		r, _ := discover(t, d, p)
		scene.Judge(t, r.Err, scene.Outcome{})
		d.NothingExists = false
		newProber(d, initiator.ProbeTCP).ProbeTargets(t.Context(), &r)
		if r.Targets[0].Addresses[0].Reach != target.NotTried || len(n.Dials()) != 1 {
			t.Errorf("got %+v, dials %v", r.Targets, n.Dials())
		}
	})
}
