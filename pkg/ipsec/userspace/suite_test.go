package userspace

import (
	"context"
	"fmt"
	"net/netip"
	"testing"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce/enforcetest"
)

// TestEnforcer holds the Enforcer to its contract, with a peer in memory: what it leaves
// installed would be a socket, or a security association at the peer. That the system
// connects by no TCP is for TestNoDial, and for the tests with real peers.
func TestEnforcer(t *testing.T) {
	t.Parallel()
	enforcetest.Run(t, func(t *testing.T) enforcetest.Setup {
		w := newWorld(t, nil)
		real := w.e.listen
		w.e.listen = func(ctx context.Context, source netip.Addr, device string) (socket, error) {
			if device != "" {
				return listenUDP(ctx, source, device) // which only refuses here
			}
			return real(ctx, source, device)
		}
		return enforcetest.Setup{
			Enforcer: w.e, Source: source4, Portal: portal4, Outer: portal4.Addr(),
			Silent: netip.MustParseAddrPort("192.0.2.99:3260"),
			Key:    enforce.PSK{Secret: auth.NewSecret([]byte(testKey))},
			Flags: []ipsec.Flags{
				ipsec.FlagMain | ipsec.FlagTransport, ipsec.FlagMain | ipsec.FlagTunnel | ipsec.FlagPFS,
				ipsec.FlagAggressive | ipsec.FlagTransport | ipsec.FlagPFS, ipsec.FlagAggressive | ipsec.FlagTunnel,
			},
			Left: func() enforcetest.Left {
				_, _, left := w.host.state()
				return enforcetest.Left{Packets: left}
			},
			Installed: func(testing.TB) (list []string) {
				w.host.mu.Lock()
				defer w.host.mu.Unlock()
				for s := range w.host.sockets {
					list = append(list, fmt.Sprintf("socket %p", s))
				}
				for spi := range w.host.pairs {
					list = append(list, fmt.Sprintf("security association %08x at the peer", spi))
				}
				return list
			},
			Lose: func(testing.TB) { w.lose() },
		}
	})
}

// lose has the peer delete all its security associations of ESP, and answer nothing more
// to whom it has spoken with.
func (w *world) lose() {
	w.host.mu.Lock()
	defer w.host.mu.Unlock()
	for _, p := range w.host.pairs {
		w.host.say(p.socket, w.v1.Delete(p.Child))
	}
	w.host.mute = true
}
