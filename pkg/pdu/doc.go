// Package pdu is the iSCSI wire format as far as a discovery session needs it
// (RFC 7143): the basic header segment, Login, Text, Logout, NOP, Async and
// Reject in both directions, CRC32C digests, and the key=value text that Login
// and Text carry.
//
// The package knows bytes and nothing else: no sockets, no sequence of
// messages, no policy. Messages encode by appending to the caller's slice and
// decode by aliasing the Reader's buffer, so that reading, writing and walking
// text allocate nothing.
//
// Whatever arrives is taken for hostile. A Reader judges a length by its
// header alone, before it buys memory, and its buffer grows with the bytes that
// have arrived, never with what a header claims.
//
// Errors are of these types, each with what a caller may want to know:
// [*FormatError] (a header no peer may send), [*SizeError] (more than we
// accept), [*DigestError], [*TextError] and [*ValueError].
package pdu
