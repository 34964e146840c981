package initiator_test

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/pdu"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// slowly makes a target take its time for each answer to a request: log for one that
// belongs to the login, list for one of SendTargets.
func slowly(target *iscsitest.Target, log, list time.Duration) *iscsitest.Target {
	target.Respond = func(_, response pdu.PDU) iscsitest.Step {
		switch response.(type) {
		case *pdu.LoginResponse:
			time.Sleep(log)
		case *pdu.TextResponse:
			time.Sleep(list)
		}
		return nil
	}
	return target
}

// TestPhases: a result tells how long each phase took, with all hops and tries, and
// without what the consumer took. The phases are what Elapsed is made of.
func TestPhases(t *testing.T) {
	t.Parallel()
	const ms = time.Millisecond
	good := func() *iscsitest.Target {
		return slowly(&iscsitest.Target{Records: scene.Records(scene.Disk1)}, 30*ms, 50*ms)
	}
	to := func(where string) *iscsitest.Target { return slowly(&iscsitest.Target{Redirect: where}, 20*ms, 0) }
	busy := slowly(&iscsitest.Target{Status: pdu.StatusServiceUnavailable}, 40*ms, 0)
	tests := []struct {
		name    string
		retries int
		first   []iscsitest.Handler
		host    bool // the portal has a host name
		want    initiator.Phases
	}{
		{name: "plain", first: []iscsitest.Handler{good()}, want: initiator.Phases{Connect: 5 * ms, Login: 30 * ms, Discover: 50 * ms}},
		{name: "a host name", host: true, first: []iscsitest.Handler{good()}, want: initiator.Phases{Resolve: 7 * ms, Connect: 5 * ms, Login: 30 * ms, Discover: 50 * ms}},
		{name: "a hop", first: []iscsitest.Handler{to("192.0.2.2:3260")}, want: initiator.Phases{Connect: 10 * ms, Login: 50 * ms, Discover: 50 * ms}},
		{name: "the login fails", first: []iscsitest.Handler{busy}, want: initiator.Phases{Connect: 5 * ms, Login: 40 * ms}},
		{name: "a second try", retries: 1, host: true, first: []iscsitest.Handler{busy, good()}, want: initiator.Phases{Resolve: 14 * ms, Connect: 10 * ms, Login: 70 * ms, Discover: 50 * ms}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
				d.Retries = tt.retries
				d.Dial = func(ctx context.Context, source netip.Addr, dst netip.AddrPort) (net.Conn, error) {
					time.Sleep(5 * ms)
					return n.Dial(ctx, source, dst)
				}
				d.Lookup = func(ctx context.Context, host string) ([]netip.Addr, error) {
					time.Sleep(7 * ms)
					return scene.Lookup("192.0.2.1")(ctx, host)
				}
				p := scene.Portal(n, scene.Where, tt.first...)
				scene.Portal(n, "192.0.2.2:3260", good())
				if tt.host {
					p = named
				}
				var got initiator.Result
				for e := range d.Run(t.Context(), slices.Values([]initiator.SendTargetPortal{p})) {
					if done, ok := e.(initiator.PortalDone); ok {
						got = done.Result
					}
					time.Sleep(time.Second) // is the consumer's
				}
				if diff := cmp.Diff(tt.want, got.Phases); diff != "" {
					t.Errorf("phases (-want +got):\n%s", diff)
				}
				sum := got.Phases.Resolve + got.Phases.Secure + got.Phases.Connect + got.Phases.Login + got.Phases.Discover
				if waits := got.Elapsed - sum; waits < 0 || tt.retries == 0 && waits != 0 {
					t.Errorf("the phases take %s, and the portal took %s", sum, got.Elapsed)
				}
			})
		})
	}
}

// TestAsDone: a result comes when its portal is done, whatever the order, with its targets.
func TestAsDone(t *testing.T) {
	t.Parallel()
	scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
		waits := []time.Duration{3 * time.Second, time.Second, 2 * time.Second, 0}
		var requests []*initiator.Request
		for i, wait := range waits {
			addr := netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(i + 1)}), 3260)
			p := scene.Portal(n, addr.String(), slowly(&iscsitest.Target{Records: scene.Records(scene.Disk1, scene.Disk2)}, wait, 0))
			requests = append(requests, &initiator.Request{Portal: p, Name: d.InitiatorName})
		}
		var order []string
		for r := range d.RequestsAsDone(t.Context(), slices.Values(requests), 4) {
			if r.Err != nil || len(r.Targets) != 2 || !r.Complete {
				t.Errorf("%s: %v, %v", r.Asked.Portal, r.Err, r.Targets)
			}
			order = append(order, r.Asked.Portal.Address)
		}
		if want := []string{"192.0.2.4", "192.0.2.2", "192.0.2.3", "192.0.2.1"}; !slices.Equal(order, want) {
			t.Errorf("got %v, want %v", order, want)
		}
	})
}
