// Package ikev1 has the initiator of version 1 of the Internet Key Exchange (RFC 2407,
// 2408, 2409, 3706, 3947), with preshared keys, for ESP within UDP: main mode, aggressive
// mode, Quick Mode, Informational. [Machine] is an [ike.Machine]. It knows no sockets and
// no clock.
//
// An attacker that sees our messages, and is faster than the peer, can answer messages 1 and 3
// of main mode: nothing in those answers is authenticated. It learns our identity, and a
// hash by which it may try out preshared keys. Up to four answers that come later are
// kept, and gone on with when the first one leads nowhere for a while. So the attacker
// ends the negotiation only where it keeps the peer's answers from us, sends more of its
// own than are kept, or has the peer give up on a message 5 of other keys; and it may choose
// among the algorithms and lifetimes that we offer, which in main mode are authenticated as
// an offer alone (RFC 2409, section 5). In aggressive mode an answer counts only where it
// proves the key. No security association comes up without the key.
package ikev1
