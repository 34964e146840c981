// Package ikev2 is the initiator of IKEv2 (RFC 7296) with a preshared key, and responder
// within the security association that it has made. It has the messages, and a [Machine]
// without a socket and without a clock.
package ikev2
