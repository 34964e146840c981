// Package ipsec has the tests of IPsec on the host's kernel. What must not happen is
// judged by a capture of the wire, never by what our own code says of itself.
//
// They need no ESP in it: that nothing leaves in clear text shows best where there is no
// way to leave at all. Package esp has those that do.
package ipsec
