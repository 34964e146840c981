package iketest

import (
	"net/netip"
	"time"

	"github.com/go-iscsi/discovery/internal/ike"
)

// A Peer is the responder's end of IKE. It has no socket and no clock: the test carries
// the datagrams, and says what time it is.
type Peer interface {
	// Receive takes a datagram of the initiator, and returns what the peer sends. The
	// port of each is the peer's.
	Receive(now time.Time, d ike.Datagram) []ike.Datagram

	// Tick returns what the peer sends by itself at a time.
	Tick(now time.Time) []ike.Datagram

	// Children returns the pairs of associations of ESP that the peer has at present,
	// the oldest first.
	Children() []Child
}

// A Child is a pair of associations of ESP, as the peer sees it.
type Child struct {
	Tunnel            bool
	Suite             ike.ESPSuite
	In, Out           ike.Association // In is what the peer receives by
	Initiator, Portal netip.AddrPort  // of the selectors; port 0: any
}
