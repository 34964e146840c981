// Package iketest has the peer of a test: a responder of IKEv1 and of IKEv2 that answers
// exactly as a test wants, well or badly, and an end of ESP. It is written against the
// RFCs and shares algorithms with package ike, and no state machine with packages ikev1
// and ikev2. It knows no sockets and no clock.
package iketest
