package pdu

import "encoding/binary"

// HeaderLen is the length of a basic header segment in bytes.
const HeaderLen = 48

// MaxDataLen is the largest data segment that a header can express, in bytes
// (24 bits; RFC 7143, section 11.2.1.6).
const MaxDataLen = 1<<24 - 1

// NoTag is the task tag that stands for "none", in the Initiator Task Tag and
// in the Target Transfer Tag alike. Zero is an ordinary tag (RFC 7143,
// sections 11.2.1.8 and 11.10.4).
const NoTag uint32 = 0xffffffff

// Offsets of fields within the basic header segment. Fields that several
// messages share at one place have one name.
const (
	offFlags       = 1
	offAHSLen      = 4
	offDataLen     = 5 // three bytes
	offLUN         = 8
	offISID        = 8
	offTSIH        = 14
	offITT         = 16
	offTTT         = 20
	offCID         = 20 // two bytes
	offCmdSN       = 24 // requests
	offExpStatSN   = 28 // requests
	offStatSN      = 24 // responses
	offExpCmdSN    = 28 // responses
	offMaxCmdSN    = 32 // responses
	offVersionMax  = 2
	offVersionMin  = 3 // requests; VersionActive in responses
	offResponse    = 2
	offReason      = 2
	offStatus      = 36 // two bytes: class, detail
	offAsyncEvent  = 36
	offAsyncVCode  = 37
	offParameter1  = 38
	offParameter2  = 40
	offParameter3  = 42
	offTime2Wait   = 40
	offTime2Retain = 42
)

const (
	bitImmediate = 0x40 // byte 0
	bitFinal     = 0x80 // byte 1; T in Login
	bitContinue  = 0x40 // byte 1
)

// A Header is a basic header segment (RFC 7143, section 11.2.1).
type Header [HeaderLen]byte

// Opcode returns the operation code.
func (h *Header) Opcode() Opcode { return Opcode(h[0] & 0x3f) }

// Immediate reports the I bit, which counts in requests only.
func (h *Header) Immediate() bool { return h[0]&bitImmediate != 0 }

// Final reports bit 7 of byte 1: F, or T in Login.
func (h *Header) Final() bool { return h[offFlags]&bitFinal != 0 }

// Continue reports the C bit of Login and Text.
func (h *Header) Continue() bool { return h[offFlags]&bitContinue != 0 }

// AHSLen returns TotalAHSLength in bytes, at most 1020. (The field itself
// counts four-byte words.)
func (h *Header) AHSLen() int { return int(h[offAHSLen]) * 4 }

// DataLen returns DataSegmentLength in bytes, without padding and digests.
func (h *Header) DataLen() int {
	return int(h[offDataLen])<<16 | int(h[offDataLen+1])<<8 | int(h[offDataLen+2])
}

// ITT returns the Initiator Task Tag.
func (h *Header) ITT() uint32 { return h.get32(offITT) }

func (h *Header) get16(off int) uint16 { return binary.BigEndian.Uint16(h[off:]) }
func (h *Header) get32(off int) uint32 { return binary.BigEndian.Uint32(h[off:]) }
func (h *Header) get64(off int) uint64 { return binary.BigEndian.Uint64(h[off:]) }

func (h *Header) put16(off int, v uint16) { binary.BigEndian.PutUint16(h[off:], v) }
func (h *Header) put32(off int, v uint32) { binary.BigEndian.PutUint32(h[off:], v) }
func (h *Header) put64(off int, v uint64) { binary.BigEndian.PutUint64(h[off:], v) }

// newHeader returns a header of op with its DataSegmentLength set.
func newHeader(op Opcode, dataLen int) (h Header, err error) {
	if dataLen > MaxDataLen {
		return h, &SizeError{Opcode: op, What: "data segment", Size: dataLen, Limit: MaxDataLen}
	}
	h[0] = byte(op)
	h[offDataLen] = byte(dataLen >> 16)
	h[offDataLen+1] = byte(dataLen >> 8)
	h[offDataLen+2] = byte(dataLen)
	return h, nil
}

// setFlags sets F (or T) and C.
func (h *Header) setFlags(final, more bool) {
	if final {
		h[offFlags] |= bitFinal
	}
	if more {
		h[offFlags] |= bitContinue
	}
}

// setImmediate sets the I bit.
func (h *Header) setImmediate(on bool) {
	if on {
		h[0] |= bitImmediate
	}
}

// is reports, as an error, a header of another opcode than op.
func (h *Header) is(op Opcode) error {
	if h.Opcode() != op {
		return &FormatError{Opcode: h.Opcode(), Reason: "not a " + op.String()}
	}
	return nil
}

// pad returns how many zero bytes fill n up to a multiple of four.
func pad(n int) int { return -n & 3 }

// appendSegment appends data and its padding (RFC 7143, section 11.1).
func appendSegment(b, data []byte) []byte {
	b = append(b, data...)
	return append(b, "\x00\x00\x00"[:pad(len(data))]...)
}
