// Package ikev1 is the initiator of IKEv1 (RFC 2407, 2408, 2409, 3706, 3947, 3948) with a
// preshared key: main and aggressive mode, Quick Mode, notices. It has the messages, and a
// [Machine] without a socket and without a clock.
package ikev1
