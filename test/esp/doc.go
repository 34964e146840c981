// Package esp has the tests of IPsec that take a kernel with ESP, and a peer: two guests
// are both. What must not happen is judged by a capture of the wire between them, never
// by what our own code says of itself. Package ipsec has what the host's kernel can show.
package esp
