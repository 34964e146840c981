package pdu

import "fmt"

// A FormatError reports a PDU whose header no peer may send. The connection
// cannot be trusted any more (RFC 7143, section 7.7).
type FormatError struct {
	Opcode Opcode
	Reason string // what is wrong, in lower case
}

func (e *FormatError) Error() string {
	return fmt.Sprintf("bad %s: %s", e.Opcode, e.Reason)
}

// A SizeError reports something longer than we accept, or can send.
type SizeError struct {
	Opcode Opcode // the PDU it stood in
	What   string // "data segment", …
	Size   int    // bytes claimed
	Limit  int    // bytes accepted
}

func (e *SizeError) Error() string {
	return fmt.Sprintf("%s: %s of %d bytes exceeds the limit of %d", e.Opcode, e.What, e.Size, e.Limit)
}

// A DigestError reports a CRC32C that does not match (RFC 7143, section 7.8).
type DigestError struct {
	Opcode Opcode // of the PDU; not to be trusted where Header is set
	Header bool   // the header digest; otherwise the data digest
	Got    uint32 // what arrived
	Want   uint32 // what we computed
}

func (e *DigestError) Error() string {
	part := "data"
	if e.Header {
		part = "header"
	}
	return fmt.Sprintf("%s digest of %s is %08x, computed %08x", part, e.Opcode, e.Got, e.Want)
}

// A TextError reports text that is not a sequence of key=value pairs (RFC 7143,
// section 6.1). It never quotes the text.
type TextError struct {
	Offset int    // of the bad pair, in bytes from the start of the text
	Reason string // what is wrong, in lower case
}

func (e *TextError) Error() string {
	return fmt.Sprintf("malformed text at byte %d: %s", e.Offset, e.Reason)
}

// A ValueError reports a value that is not of the kind it should be (RFC 7143,
// section 6.1). It never quotes the value, which may be a secret's offspring.
type ValueError struct {
	Kind   string // "number", "binary value", …
	Reason string
}

func (e *ValueError) Error() string {
	return fmt.Sprintf("bad %s: %s", e.Kind, e.Reason)
}
