// Package ike has what both versions of the Internet Key Exchange share: algorithms,
// Diffie-Hellman groups, identities, the header and the chain of payloads, secrets, and
// the contract of a [Machine], which is the initiator's end of one IKE security
// association. It knows no sockets and no clock: the time is handed in. Package ikev1 has
// the machine of RFC 2409, package ikev2 that of RFC 7296.
package ike
