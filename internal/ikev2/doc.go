// Package ikev2 is the initiator of IKEv2 (RFC 7296) with a preshared key, and responder
// within the security association that it has made. It has the messages, and a [Machine]
// without a socket and without a clock.
//
// An attacker that sees our messages, and is faster than the peer, can answer IKE_SA_INIT
// with a key of its own: nothing in that answer is authenticated. It learns our identity,
// and the value of AUTH, by which it may try out preshared keys; the negotiation fails,
// and no security association comes up. Until IKE_SA_INIT has a good answer, nothing that
// the attacker says ends the negotiation before the peer had a second for its own.
package ikev2
