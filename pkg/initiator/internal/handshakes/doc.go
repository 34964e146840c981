// Package handshakes waits for TCP connections that are being made, many at once: on
// Linux each costs a socket and an entry, and no goroutine.
package handshakes
