package ike

import (
	"encoding/binary"
	"errors"
)

// HeaderLen is the length of the header of a message in bytes.
const HeaderLen = 28

// Limits of a message.
const (
	MaxMessageLen = 16 << 10 // bytes
	MaxPayloads   = 64
)

// An SPI identifies an IKE security association at one end; in IKEv1 it is a cookie.
type SPI [8]byte

// A Header is the header of a message, which both versions share (RFC 2408, section 3.1;
// RFC 7296, section 3.1).
type Header struct {
	Initiator, Responder SPI
	Next                 uint8 // type of the first payload
	Version              uint8 // major version in the upper half
	Exchange             uint8
	Flags                uint8
	MessageID            uint32
	Length               uint32 // of the whole message, in bytes
}

// The versions.
const (
	Version1 uint8 = 0x10
	Version2 uint8 = 0x20
)

// Errors of a message that cannot be read.
var (
	ErrTruncated = errors.New("the message is truncated")
	ErrLength    = errors.New("the length of the message or of a payload is wrong")
	ErrPayloads  = errors.New("the message has too many payloads")
)

// ParseHeader reads the header of a message. Length must be that of the datagram: what is
// shorter, longer or over MaxMessageLen is an error.
func ParseHeader(b []byte) (h Header, err error) {
	if len(b) < HeaderLen {
		return h, ErrTruncated
	}
	copy(h.Initiator[:], b)
	copy(h.Responder[:], b[8:])
	h.Next, h.Version, h.Exchange, h.Flags = b[16], b[17], b[18], b[19]
	h.MessageID = binary.BigEndian.Uint32(b[20:])
	h.Length = binary.BigEndian.Uint32(b[24:])
	if len(b) > MaxMessageLen || uint64(h.Length) != uint64(len(b)) {
		return h, ErrLength
	}
	return h, nil
}

// AppendBinary appends the header to b.
func (h *Header) AppendBinary(b []byte) ([]byte, error) {
	b = append(b, h.Initiator[:]...)
	b = append(b, h.Responder[:]...)
	b = append(b, h.Next, h.Version, h.Exchange, h.Flags)
	b = binary.BigEndian.AppendUint32(b, h.MessageID)
	return binary.BigEndian.AppendUint32(b, h.Length), nil
}
