// Package pdu is the iSCSI wire format as far as a discovery session needs it (RFC 7143):
// the basic header segment, Login, Text, Logout, NOP, Async and Reject in both directions,
// CRC32C digests, and the key=value text of Login and Text. It knows bytes and nothing
// else: no sockets, no sequence of messages, no policy. See [Reader] and [Writer], and
// [LoginError] and its neighbours for what a peer may answer.
package pdu
