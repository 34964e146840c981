// Package capture writes what goes over the connections of a program into a
// pcapng file that Wireshark reads. It needs no privileges: it sees the bytes
// before TCP does, and makes the packets around them itself.
//
// CHAP responses are masked, at the same length, unless it is asked for them:
// from a response and its challenge a secret can be guessed offline. The target's
// direction is masked until we send a request that is no login.
package capture
