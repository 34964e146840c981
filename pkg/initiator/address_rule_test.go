package initiator_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// TestRuleOfOneAddress: a rule that cannot be read for one address of a host name stops
// that address, and the next one is asked.
func TestRuleOfOneAddress(t *testing.T) {
	t.Parallel()
	scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
		p := scene.Portal(n, "192.0.2.1:3260", scene.Showing("192.0.2.1:3260,1"))
		scene.Portal(n, "192.0.2.2:3260", scene.Showing("192.0.2.2:3260,1"))
		d.Lookup = scene.Lookup("192.0.2.1", "192.0.2.2")
		p.Portal.Address = "array.example"
		r := initiator.Request{Portal: p, Name: d.InitiatorName, Policy: func(_ context.Context, dst netip.AddrPort) (ipsec.Existing, []ipsec.Existing, error) {
			if dst.Addr() == netip.MustParseAddr("192.0.2.1") {
				return ipsec.Existing{}, nil, &initiator.Error{Stage: initiator.StageStore, Err: errors.New("record is damaged")}
			}
			return ipsec.Existing{}, nil, nil
		}}
		for got := range d.DiscoverRequests(t.Context(), func(yield func(*initiator.Request) bool) { yield(&r) }, 1) {
			scene.Judge(t, got.Err, scene.Outcome{})
			if len(got.Targets) != 1 || got.Address != netip.MustParseAddrPort("192.0.2.2:3260") || len(got.Warnings) != 1 || got.Warnings[0].Code != initiator.WarnEarlierAddress {
				t.Errorf("%d targets at %s, warnings %v", len(got.Targets), got.Address, got.Warnings)
			}
		}
	})
}

// TestTriesOfLongAnswer: the error about an answer that takes too much memory says how
// often the portal was asked.
func TestTriesOfLongAnswer(t *testing.T) {
	t.Parallel()
	scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
		var names []string
		for i := range 20000 {
			names = append(names, fmt.Sprintf("iqn.2001-04.com.example:storage.disk.%09d", i))
		}
		p := scene.Portal(n, "192.0.2.1:3260", hangsUp(), &iscsitest.Target{Records: scene.Records(names...)})
		d.Retries, d.MaxHeld, d.Timeout = 2, 64<<10, 20*time.Second
		_, err := d.Discover(t.Context(), p)
		var failed *initiator.Error
		if !errors.As(err, &failed) || failed.Tries != 2 {
			t.Errorf("got %v", err)
		}
	})
}
