package ipsec_test

import (
	"net/netip"
	"testing"

	"github.com/go-iscsi/discovery/test/targets"
	"github.com/go-iscsi/discovery/test/uml/wire"
)

// A tap is a capture of a cable.
type tap struct {
	capture *targets.Capture
	addrs   []netip.Addr // whose packets count
}

// tap captures the target's end of the cable.
func (w *world) tap(t *testing.T) *tap {
	t.Helper()
	capture := targets.StartCapture(t, targets.CaptureConfig{Namespace: w.target, Interface: w.cable})
	return &tap{capture: capture, addrs: []netip.Addr{w.source, w.portal.Addr()}}
}

// stop ends the capture and returns what went over the cable.
func (c *tap) stop(t *testing.T) *wire.Traffic {
	t.Helper()
	c.capture.Stop()
	traffic, err := wire.Read(c.capture.File, c.addrs...)
	if err != nil {
		t.Fatal(err)
	}
	return traffic
}

// wantSilence ends the capture, and fails the test where there was a packet, but
// for what neighbors need to find each other.
func (c *tap) wantSilence(t *testing.T) {
	t.Helper()
	traffic := c.stop(t)
	if len(traffic.Clear) > 0 || traffic.IKE > 0 || traffic.Protected() > 0 {
		t.Errorf("on the wire: %+v, want silence", *traffic)
	}
}

// leaves ends the capture and reports whether something went in clear text.
func (c *tap) leaves(t *testing.T) bool {
	t.Helper()
	return len(c.stop(t).Clear) > 0
}
