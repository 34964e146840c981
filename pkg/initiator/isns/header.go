package isns

import (
	"encoding/binary"
	"fmt"
)

// DefaultPort is the TCP port of an iSNS server.
const DefaultPort = 3205

// Version is the version of iSNSP that this package speaks (RFC 4171, section 5.1.1).
const Version = 1

// HeaderLen is the length of the header of a PDU in bytes.
const HeaderLen = 12

// MaxPDUPayload is the longest payload of one PDU in bytes: the largest multiple of four
// that the length field can express (RFC 4171, section 5.1.3).
const MaxPDUPayload = 1<<16 - 4

// Flags of a PDU (RFC 4171, section 5.1.4).
type Flags uint16

// The flags. All others are reserved, and ignored where they arrive.
const (
	FlagClient  Flags = 0x8000 // the sender is a client
	FlagServer  Flags = 0x4000 // the sender is a server
	FlagAuth    Flags = 0x2000 // an authentication block follows the payload
	FlagReplace Flags = 0x1000 // DevAttrReg replaces what was registered
	FlagLast    Flags = 0x0800 // the last PDU of its message
	FlagFirst   Flags = 0x0400 // the first PDU of its message
)

// Has reports whether all of some flags are set.
func (f Flags) Has(some Flags) bool { return f&some == some }

// A Header is the header of a PDU (RFC 4171, section 5.1).
type Header struct {
	Version       uint16
	Function      Function
	Length        uint16 // of the payload, in bytes
	Flags         Flags
	TransactionID uint16 // the same in all PDUs of a message, and in the response to it
	SequenceID    uint16 // counts the PDUs of a message from 0
}

// append appends the header to b.
func (h *Header) append(b []byte) []byte {
	for _, v := range [...]uint16{h.Version, uint16(h.Function), h.Length, uint16(h.Flags), h.TransactionID, h.SequenceID} {
		b = binary.BigEndian.AppendUint16(b, v)
	}
	return b
}

// parseHeader reads the header at the start of b, which has HeaderLen bytes.
func parseHeader(b []byte) Header {
	at := func(i int) uint16 { return binary.BigEndian.Uint16(b[2*i:]) }
	return Header{Version: at(0), Function: Function(at(1)), Length: at(2), Flags: Flags(at(3)), TransactionID: at(4), SequenceID: at(5)}
}

// A Function says what a message is for (RFC 4171, section 4.1.3).
type Function uint16

// The functions of the messages that this package has.
const (
	FuncDevAttrReg Function = 0x0001
	FuncDevAttrQry Function = 0x0002
	FuncDevGetNext Function = 0x0003
	FuncDevDereg   Function = 0x0004
	FuncSCNReg     Function = 0x0005
	FuncSCNDereg   Function = 0x0006
	FuncSCN        Function = 0x0008
	FuncESI        Function = 0x000d
)

// responseBit is set in the function of a response.
const responseBit Function = 0x8000

// Response returns the function of the response to a request.
func (f Function) Response() Function { return f | responseBit }

// IsResponse reports a response.
func (f Function) IsResponse() bool { return f&responseBit != 0 }

// String returns the abbreviation of RFC 4171, such as DevAttrQry or DevAttrQryRsp; the
// number where it has none here.
func (f Function) String() string {
	name := (f &^ responseBit).request()
	switch {
	case name == "":
		return fmt.Sprintf("function 0x%04x", uint16(f))
	case f.IsResponse():
		return name + "Rsp"
	}
	return name
}

// request returns the abbreviation of a request; empty: it has none here.
func (f Function) request() string {
	switch f {
	case FuncDevAttrReg:
		return "DevAttrReg"
	case FuncDevAttrQry:
		return "DevAttrQry"
	case FuncDevGetNext:
		return "DevGetNext"
	case FuncDevDereg:
		return "DevDereg"
	case FuncSCNReg:
		return "SCNReg"
	case FuncSCNDereg:
		return "SCNDereg"
	case FuncSCN:
		return "SCN"
	case FuncESI:
		return "ESI"
	}
	return ""
}
