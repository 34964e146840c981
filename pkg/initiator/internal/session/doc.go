// Package session is the conversation of a discovery session (RFC 7143): login,
// SendTargets and logout as machines without a socket.
//
// A [Machine] turns the PDU last received into the next one to send; one loop,
// which lives with the network, moves the bytes of all of them. The machines of
// one session share its [Numbers] and run one after the other. Their memory is that of the
// session before:
//
//	n.Reset()
//	login.Reset(n, session.LoginConfig{…})
//	…run it, then switch the digests of login.Result() on…
//	list.Reset(n, yield)
//	…run it…
//	logout.Reset(n)
//
// What a target sends is checked as far as RFC 7143 demands it, and every
// amount that a target controls is bounded by a constant of this package.
package session
