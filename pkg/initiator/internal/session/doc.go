// Package session is the conversation of a discovery session (RFC 7143): login, SendTargets
// and logout as machines without a socket. Each [Machine] turns the PDU last received into
// the next one to send; the caller moves the bytes. What a target sends is checked as far
// as RFC 7143 demands it, and a constant of this package bounds every amount that a target
// controls.
package session
