package pdu

import "encoding"

// A PDU is one iSCSI message: header and data, without digests.
type PDU interface {
	Opcode() Opcode

	// AppendBinary appends header, data and padding to a slice. It encodes
	// what it is given, sense or nonsense; it fails only where the data
	// segment does not fit a header.
	encoding.BinaryAppender

	// Decode sets the message from a header and its data. The message's own
	// data aliases data. Reserved bits are ignored; a reserved value in a
	// defined field is a *FormatError (RFC 7143, section 11).
	Decode(h *Header, data []byte) error
}
