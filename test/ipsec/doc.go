// Package ipsec has the tests of IPsec on real kernels. What must not happen is
// judged by a capture of the wire, never by what our own code says of itself.
//
// The tests of the host's kernel need no ESP in it: that nothing leaves in clear
// text shows best where there is no way to leave at all.
package ipsec
