// Package ikev1 has the initiator of version 1 of the Internet Key Exchange (RFC 2407,
// 2408, 2409, 3706, 3947), with preshared keys, for ESP within UDP: main mode, aggressive
// mode, Quick Mode, Informational. [Machine] is an [ike.Machine]. It knows no sockets and
// no clock.
package ikev1
