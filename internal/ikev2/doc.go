// Package ikev2 is the initiator of IKEv2 (RFC 7296) with a preshared key, and responder
// within the security association that it has made. It has the messages, and a [Machine]
// without a socket and without a clock.
//
// An attacker that sees our messages, and is faster than the peer, can answer IKE_SA_INIT
// with a key of its own: nothing in that answer is authenticated. It learns our identity,
// and the value of AUTH, by which it may try out preshared keys. The peer's own answer is
// followed as well, up to sixteen answers, and the one counts under which the peer proves
// its key. So the attacker ends the negotiation only where it keeps the peer's answer from
// us, or refuses IKE_AUTH and the peer's answer comes more than 30 ms after that. Nothing else
// that the attacker says ends it before the peer had a second for a good answer. No
// security association comes up without the key.
package ikev2
