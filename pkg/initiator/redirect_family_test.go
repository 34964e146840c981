package initiator_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// TestRedirectFamily (issue 13, 38): a source address of one family cannot follow a
// redirection to the other, and the code says so.
func TestRedirectFamily(t *testing.T) {
	t.Parallel()
	scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
		p := scene.Portal(n, scene.Where, scene.Sends("[2001:db8::1]"))
		p.Source = netip.MustParseAddr("192.0.2.254")
		r, _ := discover(t, d, p)
		scene.Judge(t, r.Err, scene.Outcome{Stage: initiator.StageLogin, Code: isdsc.AddressTypeNotSupported})
		if !strings.Contains(r.Err.Error(), "[2001:db8::1]:3260") || len(n.Dials()) != 1 {
			t.Errorf("got %v, dials %v", r.Err, n.Dials())
		}
	})
}
