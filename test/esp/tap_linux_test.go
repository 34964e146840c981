package esp_test

import (
	"net/netip"
	"testing"

	"github.com/go-iscsi/discovery/test/targets"
	"github.com/go-iscsi/discovery/test/uml/wire"
)

// A tap is a capture of the peer's cable.
type tap struct {
	capture *targets.Capture
	addrs   []netip.Addr // whose packets count
}

// tap captures what goes between the two.
func (l *lab) tap(t *testing.T) *tap {
	t.Helper()
	return &tap{capture: targets.StartCapture(t, targets.CaptureConfig{Interface: peerCable}), addrs: l.peer.Addresses}
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
