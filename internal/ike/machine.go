package ike

import (
	"io"
	"net/netip"
	"time"
)

// The UDP ports of IKE (RFC 3947, section 4; RFC 7296, section 2.23).
const (
	Port     uint16 = 500
	NATTPort uint16 = 4500 // with the non-ESP marker, which the caller puts and takes off
)

// A Config is what a Machine needs to know of the two ends.
type Config struct {
	Source, Peer  netip.Addr
	Local, Remote Identity
	PSK           func() []byte // a copy of the preshared key, which the machine clears after its use
	Aggressive    bool          // IKEv1: aggressive mode
	Suites        []Suite       // offered, best first
	Random        io.Reader
}

// A Child is a connection that needs security associations of ESP.
type Child struct {
	Tunnel bool           // else transport mode
	Local  netip.AddrPort // of the TCP connection
	Portal netip.AddrPort
	Suites []ESPSuite // offered, best first; with a group where the plan has perfect forward secrecy
}

// A Datagram is a message without the non-ESP marker, and the peer's port that it goes to
// or came from: Port or NATTPort.
type Datagram struct {
	Port uint16
	Data []byte
}

// An Output is what a Machine wants done.
type Output struct {
	Send   []Datagram // in this order
	Events []Event    // in this order
	Next   time.Time  // when to call Tick at the latest; zero: not before the next datagram
}

// A Machine is the initiator's end of one IKE security association, and negotiates those
// of ESP under it. It has no socket, no clock and no goroutine: the caller sends what it
// wants sent, and calls it when something came or a time has come. It is not safe for
// concurrent use.
//
// Whatever comes is hostile until it is authenticated: nothing that is not ends an
// exchange that would otherwise succeed. Errors of that kind are remembered as the likely
// reason, and told when no good answer has come for a second more.
type Machine interface {
	// Open asks for the security associations of a child, whose number is the
	// caller's. The first call begins the negotiation of the IKE security
	// association. ChildUp or ChildDown answers.
	Open(now time.Time, child int, c Child) Output

	// Receive takes what came from the peer.
	Receive(now time.Time, d Datagram) Output

	// Tick does what is due.
	Tick(now time.Time) Output

	// Rekey renews the security associations of a child, because of what was sent
	// under them. A machine renews them by itself when their time is nearly over.
	Rekey(now time.Time, child int) Output

	// Drop ends a child: the peer is told that its associations are deleted, without
	// waiting for an answer. No event follows.
	Drop(now time.Time, child int) Output

	// Close ends everything: the peer is told, without waiting for an answer, and
	// secrets are cleared. No event follows, and no other call.
	Close(now time.Time) Output

	// Reason returns what the negotiation waits for or has run into, for a caller
	// whose time is over. It is never nil before the first ChildUp of child.
	Reason(child int) *Failure
}

// An Event is something that a Machine tells.
type Event interface{ event() }

// Established: the peer is authenticated.
type Established struct {
	Exchange string // "main", "aggressive" or "ikev2"
	Suite    Suite
}

// ChildUp: a child has security associations, the first or new ones. Those before go on
// to receive until ChildExpired.
type ChildUp struct {
	Child  int
	Tunnel bool // always as asked: another answer of the peer's is a failure
	Suite  ESPSuite
	In     Association
	Out    Association
	Wide   bool // the peer agreed only on selectors that are wider than the one connection
}

// An Association is one direction of ESP.
type Association struct {
	SPI uint32
	Key Secret // ESPSuite.KeyLen bytes: for the cipher with its salt, then for the integrity
}

// ChildExpired: the associations of ESP that a child had before a rekey end. SPI is the
// one by which they received.
type ChildExpired struct {
	Child int
	SPI   uint32
}

// ChildDown: a child has no security associations, or has them no more. Err is a *Failure,
// or a *Gone.
type ChildDown struct {
	Child int
	Err   error
}

// Down: the IKE security association is over, and each child that is not yet up with it.
// Children that are up go on until they have to be renewed.
type Down struct{ Err error }

func (Established) event()  {}
func (ChildUp) event()      {}
func (ChildExpired) event() {}
func (ChildDown) event()    {}
func (Down) event()         {}
