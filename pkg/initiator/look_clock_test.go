package initiator_test

import (
	"context"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// A slowEnforcer takes its time to say that it does not know what exists.
type slowEnforcer struct {
	scene.FakeEnforcer
	takes time.Duration
}

func (e *slowEnforcer) Existing(ctx context.Context, _ netip.Addr, _ netip.AddrPort) (ipsec.Existing, error) {
	select {
	case <-time.After(e.takes):
		return ipsec.Existing{Kind: ipsec.ExistingUnknown, Name: "the daemon gives no answer"}, nil
	case <-ctx.Done():
		return ipsec.Existing{}, context.Cause(ctx)
	}
}

// TestSlowLook (issue 13, 36): the time that it takes to look what the system has
// is not the portal's, and has a limit of its own.
func TestSlowLook(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		takes time.Duration
		want  scene.Outcome
	}{
		{name: "quick", takes: time.Millisecond},
		{name: "longer than a portal has", takes: 3 * time.Second},
		{name: "for ever", takes: time.Hour, want: scene.Outcome{Stage: initiator.StageSecure, Code: isdsc.FailedToConfigureIPsec, Retry: true, Text: "cannot read which IPsec exists: no answer within 5s"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
				d.Timeout = 2 * time.Second
				d.Enforcer = &slowEnforcer{takes: tt.takes}
				d.Dial = func(ctx context.Context, source netip.Addr, dst netip.AddrPort) (net.Conn, error) {
					time.Sleep(d.Timeout / 2)
					return n.Dial(ctx, source, dst)
				}
				r, took := discover(t, d, scene.Portal(n, scene.Where, &iscsitest.Target{Records: scene.Records(scene.Disk1)}))
				scene.Judge(t, r.Err, tt.want)
				if tt.want.Stage != 0 {
					if took != 5*time.Second || r.Elapsed != 0 {
						t.Errorf("it took %s, of which %s were the portal's; want 5s and none", took, r.Elapsed)
					}
					return
				}
				if took-r.Elapsed != tt.takes || r.IPsec.Existing.Kind != ipsec.ExistingUnknown {
					t.Errorf("it took %s, of which %s were the portal's; want %s that were not, and that what exists is unknown: %+v", took, r.Elapsed, tt.takes, r.IPsec.Existing)
				}
			})
		})
	}
}
