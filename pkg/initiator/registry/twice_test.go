package registry_test

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// TestRefreshTwice: a key that is refreshed twice at once, also in another case, or of a
// portal that is not in the registry, has two results, and neither hurts the others.
func TestRefreshTwice(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		target := &iscsitest.Target{Records: scene.Records(scene.Disk1, strings.ToUpper(scene.Disk1[:3])+scene.Disk1[3:], scene.Disk2)}
		listed, other := scene.Portal(w.network, "192.0.2.1:3260", target), scene.Portal(w.network, "192.0.2.2:3260", target)
		unlisted := scene.Portal(w.network, "192.0.2.3:3260", target)
		for _, p := range []initiator.SendTargetPortal{listed, other} {
			_, err := w.AddSendTargetPortal(t.Context(), p)
			scene.WantCode(t, err, isdsc.Success)
		}
		keys := []initiator.Key{listed.Key(), unlisted.Key(), listed.Key(), other.Key(), unlisted.Key()}
		for round := range 2 {
			n := 0
			for r := range w.Refresh(t.Context(), keys) {
				if r.Err != nil || r.Asked.Key() != keys[n] || r.Stored != (keys[n] != unlisted.Key()) {
					t.Errorf("round %d, %d: %+v", round, n, r)
				}
				n++
			}
			if n != len(keys) {
				t.Errorf("got %d results", n)
			}
		}
	})
}
