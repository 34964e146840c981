//go:build linux

package uml_test

import (
	"context"
	"errors"
	"flag"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/internal/need"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/test/targets"
	"github.com/go-iscsi/discovery/test/uml"
	"github.com/go-iscsi/discovery/test/uml/wire"
)

// Flags of the tests that run in a guest.
var (
	portalFlag = flag.String("portal", "", "address to discover at")
	limitFlag  = flag.Duration("limit", limit, "how long to try")
	deafFlag   = flag.Bool("deaf", false, "nothing is to be found there")
)

const lioName = "iqn.2026-01.test.lio:protected"

// How long a thing that must not happen is waited for. The kernel sends a SYN
// again after one second.
const (
	silence     = 2 * time.Second
	silenceFlag = "-limit=2s"

	// Charon does not always say that it does not agree.
	refusal = 3 * time.Second
)

// An ipsecWorld is two guests on one cable: one whose target answers under IPsec
// alone, and one with charon and these tests.
type ipsecWorld struct {
	guest  *uml.Guest
	charon *uml.Charon
	peer   *uml.Peer
}

// TestIPsec shows that the peer lets in who protects himself as it is required,
// and nobody else, and that the wire tells which it was.
func TestIPsec(t *testing.T) {
	need.IPv6(t)
	guests := uml.StartTogether(t,
		uml.Config{Bridge: "lan", Programs: []uml.Program{{Name: "uml.test", Package: thisPackage, Test: true}}},
		uml.Config{Bridge: "lan", Interface: "uml1", Far: []netip.Prefix{netip.MustParsePrefix("10.99.0.3/24"), netip.MustParsePrefix("fd99::3/64")}},
	)
	w := &ipsecWorld{guest: guests[0], peer: guests[1].StartPeer(t)}
	w.charon = w.guest.StartCharon(t, uml.CharonConfig{Options: []string{uml.AllowAggressive}})
	w.peer.LIO.Add(t, uml.LIOTarget{Name: lioName})
	t.Run("protected", w.testProtected)
	t.Run("not protected", w.testClear)
	t.Run("not as required", w.testOther)
	t.Run("forgotten", w.testForgotten)
	t.Run("peer down", w.testDown)
}

func (w *ipsecWorld) testProtected(t *testing.T) {
	tests := []struct {
		ip6 bool
		how uml.Protection
	}{
		{how: uml.Protection{}},
		{how: uml.Protection{PFS: true}, ip6: true},
		{how: uml.Protection{Tunnel: true}, ip6: true},
		{how: uml.Protection{Aggressive: true, Key: "another key"}},
		{how: uml.Protection{Aggressive: true, Tunnel: true, PFS: true, InitiatorID: "host.example", PeerID: "array.example"}},
		{how: uml.Protection{IKE: "3des-sha1-modp1024", ESP: "3des-sha1"}},
		{how: uml.Protection{Version: 2, Tunnel: true, ESP: "aes128gcm16"}},
		{how: uml.Protection{Encap: true}},
	}
	for _, tt := range tests {
		name, here, there := tt.how.String()+" IPv4", w.guest.Addresses[0], w.peer.Addresses[0]
		if tt.ip6 {
			name, here, there = tt.how.String()+" IPv6", w.guest.Addresses[1], w.peer.Addresses[1]
		}
		t.Run(name, func(t *testing.T) {
			c := w.capture(t)
			w.peer.Require(t, here, there, tt.how)
			w.load(t, tt.how, here, there)
			if err := w.charon.Initiate(t.Context(), "array"); err != nil {
				t.Fatal(err)
			}
			w.discover(t, there)
			c.Stop()
			traffic := wire.Check(t, c.File, here, there)
			if traffic.IKE == 0 || traffic.ESPInUDP != 0 != tt.how.Encap || traffic.ESP != 0 == tt.how.Encap {
				t.Errorf("got traffic %+v", traffic)
			}
			mode := "transport"
			if tt.how.Tunnel {
				mode = "tunnel"
			}
			sas := w.peer.SAs(t)
			if len(sas) != 2 {
				t.Fatalf("got SAs %+v, want one each way", sas)
			}
			for _, sa := range sas {
				if sa.Mode != mode || sa.Bytes == 0 || sa.Encap != tt.how.Encap {
					t.Errorf("got SA %+v", sa)
				}
			}
		})
	}
}

// testClear: who comes in clear text gets no answer, and the wire shows him.
func (w *ipsecWorld) testClear(t *testing.T) {
	for i, there := range w.peer.Addresses {
		w.peer.Require(t, w.guest.Near[i], there, uml.Protection{})
		before := w.peer.XfrmStat(t, "XfrmInTmplMismatch")
		c := w.capture(t)
		ctx, cancel := context.WithTimeout(t.Context(), silence)
		defer cancel()
		_, err := newDiscoverer().Discover(ctx, portalAt(there))
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: got error %v, want none but the end of the time", there, err)
		}
		if after := w.peer.XfrmStat(t, "XfrmInTmplMismatch"); after == before {
			t.Errorf("%s: the peer has dropped nothing", there)
		}
		c.Stop()
		traffic, err := wire.Read(c.File, there)
		if err != nil {
			t.Fatal(err)
		}
		if len(traffic.Clear) == 0 || traffic.Protected() > 0 {
			t.Errorf("%s: got traffic %+v, want SYNs in clear text", there, traffic)
		}
	}
}

// testOther: the peer insists on each thing that is required.
func (w *ipsecWorld) testOther(t *testing.T) {
	tests := []struct {
		name            string
		required, tried uml.Protection
	}{
		{name: "another key", tried: uml.Protection{Key: "another key"}},
		{name: "aggressive", tried: uml.Protection{Aggressive: true}},
		{name: "not aggressive", required: uml.Protection{Aggressive: true}},
		{name: "tunnel", tried: uml.Protection{Tunnel: true}},
		{name: "no tunnel", required: uml.Protection{Tunnel: true}},
		{name: "no PFS", required: uml.Protection{PFS: true}},
		{name: "PFS", tried: uml.Protection{PFS: true}},
		{name: "another identity", required: uml.Protection{InitiatorID: "host.example"}, tried: uml.Protection{InitiatorID: "another.example"}},
	}
	here, there := w.guest.Addresses[0], w.peer.Addresses[0]
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w.peer.Require(t, here, there, tt.required)
			w.load(t, tt.tried, here, there)
			ctx, cancel := context.WithTimeout(t.Context(), refusal)
			defer cancel()
			if err := w.charon.Initiate(ctx, "array"); err == nil {
				t.Errorf("agreed, and have SAs %+v", w.peer.SAs(t))
			}
		})
	}
}

// testForgotten: what the peer's kernel forgot protects nothing any more, and
// nothing goes in clear text in its place.
func (w *ipsecWorld) testForgotten(t *testing.T) {
	here, there := w.guest.Addresses[0], w.peer.Addresses[0]
	w.peer.Require(t, here, there, uml.Protection{})
	w.load(t, uml.Protection{}, here, there)
	if err := w.charon.Initiate(t.Context(), "array"); err != nil {
		t.Fatal(err)
	}
	c := w.capture(t)
	w.discover(t, there)
	w.peer.FlushSAs(t)
	if sas := w.peer.SAs(t); len(sas) != 0 {
		t.Errorf("got SAs %+v, want none", sas)
	}
	w.find(t, there, silenceFlag, "-deaf")
	c.Stop()
	wire.Check(t, c.File, here, there)
}

func (w *ipsecWorld) testDown(t *testing.T) {
	here, there := w.guest.Addresses[0], w.peer.Addresses[0]
	w.peer.Require(t, here, there, uml.Protection{})
	w.load(t, uml.Protection{}, here, there)
	w.peer.Charon.Stop()
	ctx, cancel := context.WithTimeout(t.Context(), silence)
	defer cancel()
	if err := w.charon.Initiate(ctx, "array"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want no answer", err)
	}
}

// load makes the connection "array" the only one of the guest that asks.
func (w *ipsecWorld) load(t *testing.T, how uml.Protection, here, there netip.Addr) {
	t.Helper()
	w.charon.Terminate(t)
	w.charon.Load(t, how.ForInitiator("array", here, there))
}

func (w *ipsecWorld) capture(t *testing.T) *targets.Capture {
	t.Helper()
	return targets.StartCapture(t, targets.CaptureConfig{Interface: w.peer.Interface})
}

// discover discovers at the peer, from the other guest.
func (w *ipsecWorld) discover(t *testing.T, there netip.Addr) {
	t.Helper()
	w.find(t, there)
}

func (w *ipsecWorld) find(t *testing.T, there netip.Addr, args ...string) {
	t.Helper()
	w.guest.RunTests(t, "uml.test", append([]string{"-test.run=^TestDiscoverInside$", "-portal=" + there.String()}, args...)...)
}

// TestDiscoverInside is run in a guest.
func TestDiscoverInside(t *testing.T) {
	if !uml.Inside() {
		t.Skip("runs as a part of TestIPsec")
	}
	ctx, cancel := context.WithTimeout(t.Context(), *limitFlag)
	defer cancel()
	r, err := newDiscoverer().Discover(ctx, portalAt(netip.MustParseAddr(*portalFlag)))
	if *deafFlag {
		if !errors.Is(err, os.ErrDeadlineExceeded) && !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want no answer", err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Targets) != 1 || r.Targets[0].Name != lioName {
		t.Errorf("got targets %+v", r.Targets)
	}
}

func newDiscoverer() *initiator.Discoverer {
	return &initiator.Discoverer{InitiatorName: "iqn.2026-11.com.example:uml", Timeout: limit}
}

func portalAt(addr netip.Addr) initiator.SendTargetPortal {
	return initiator.SendTargetPortal{Portal: initiator.Portal{Address: addr.String(), Port: uml.LIOPort}}
}
