package ipsec_test

import (
	"context"
	"errors"
	"net/netip"
	"syscall"
	"testing"

	"github.com/go-iscsi/discovery/test/ipsec/job"

	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/xfrm"
)

// TestHoldWithoutAssociation: on a kernel without any security association not
// one packet of a held socket leaves, whatever it is held to. That the capture
// would have seen it is shown by a socket that is not held.
func TestHoldWithoutAssociation(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		v6   bool
		mode ipsec.Mode
		// outer is the other end in tunnel mode; invalid: the portal
		outer netip.Addr
	}{
		{name: "IPv4 transport", mode: ipsec.TransportMode},
		{name: "IPv4 tunnel", mode: ipsec.TunnelMode},
		{name: "IPv4 tunnel to a gateway", mode: ipsec.TunnelMode, outer: netip.MustParseAddr("192.0.2.9")},
		{name: "IPv6 transport", v6: true, mode: ipsec.TransportMode},
		{name: "IPv6 tunnel", v6: true, mode: ipsec.TunnelMode},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, tt.v6)
			tap := w.tap(t)
			a := xfrm.Association{Mode: tt.mode, Local: w.source, Remote: w.portal.Addr(), Reqid: job.Reqid}
			if tt.outer.IsValid() {
				a.Remote = tt.outer
			}
			if err := a.Validate(); err != nil {
				t.Fatal(err)
			}
			d := xfrm.Dialer{Hold: xfrm.Demand(a), Source: w.source}
			nc, err := d.DialContext(t.Context(), w.portal)
			if err == nil {
				nc.Close()
				t.Fatal("connected")
			}
			var none *xfrm.NoAssociationError
			if !errors.As(err, &none) || !errors.Is(err, syscall.EAGAIN) {
				t.Errorf("got %v, want a NoAssociationError of EAGAIN", err)
			}
			tap.wantSilence(t)

			tap = w.tap(t)
			if err := w.plain(t, limit); err != nil {
				t.Fatal(err)
			}
			if !tap.leaves(t) {
				t.Error("the capture has nothing of a connection in clear text")
			}
		})
	}
}

// TestZeroHold: nothing passes.
func TestZeroHold(t *testing.T) {
	t.Parallel()
	w := newWorld(t, false)
	tap := w.tap(t)
	d := xfrm.Dialer{Source: w.source}
	_, err := d.DialContext(t.Context(), w.portal)
	var blocked *xfrm.BlockedError
	if !errors.As(err, &blocked) {
		t.Errorf("got %v, want a BlockedError", err)
	}
	tap.wantSilence(t)
}

// TestHoldOnLoopback: the loopback interface is exempt from the policies of the
// host, and not from those of a socket.
func TestHoldOnLoopback(t *testing.T) {
	t.Parallel()
	w := newWorld(t, false)
	d := xfrm.Dialer{Hold: xfrm.Demand(xfrm.Association{Mode: ipsec.TransportMode, Local: w.source, Remote: w.source, Reqid: job.Reqid}), Source: w.source}
	_, err := d.DialContext(t.Context(), netip.AddrPortFrom(w.source, w.portal.Port()))
	var none *xfrm.NoAssociationError
	if !errors.As(err, &none) {
		t.Errorf("got %v, want a NoAssociationError", err)
	}
}

// TestHoldGoesBeforePolicies: a policy of the host that lets everything pass
// does not loosen a hold.
func TestHoldGoesBeforePolicies(t *testing.T) {
	t.Parallel()
	w := newWorld(t, false)
	addPolicies(t, w, rule{dir: out}, rule{dir: in})
	tap := w.tap(t)
	d := xfrm.Dialer{Hold: xfrm.Demand(xfrm.Association{Mode: ipsec.TransportMode, Local: w.source, Remote: w.portal.Addr(), Reqid: job.Reqid}), Source: w.source}
	_, err := d.DialContext(t.Context(), w.portal)
	var none *xfrm.NoAssociationError
	if !errors.As(err, &none) {
		t.Errorf("got %v, want a NoAssociationError", err)
	}
	tap.wantSilence(t)
}

// TestWaitEnds: waiting for an association ends with the context.
func TestWaitEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t, false)
	tap := w.tap(t)
	d := xfrm.Dialer{
		Hold:   xfrm.Demand(xfrm.Association{Mode: ipsec.TransportMode, Local: w.source, Remote: w.portal.Addr(), Reqid: job.Reqid}),
		Source: w.source, Device: w.cable, Wait: limit,
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := d.DialContext(ctx, w.portal); err == nil {
		t.Error("connected")
	}
	tap.wantSilence(t)
}
