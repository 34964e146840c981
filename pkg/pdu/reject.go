package pdu

import "fmt"

// A RejectReason says why a PDU was rejected (RFC 7143, section 11.17.1).
type RejectReason uint8

// The reasons.
const (
	RejectDataDigest       RejectReason = 0x02
	RejectSNACK            RejectReason = 0x03
	RejectProtocolError    RejectReason = 0x04
	RejectNotSupported     RejectReason = 0x05
	RejectTooManyImmediate RejectReason = 0x06
	RejectTaskInProgress   RejectReason = 0x07
	RejectInvalidDataACK   RejectReason = 0x08
	RejectInvalidField     RejectReason = 0x09
	RejectNoTTT            RejectReason = 0x0a
	RejectNegotiationReset RejectReason = 0x0b
	RejectWaitingForLogout RejectReason = 0x0c
)

// String returns the reason in words and as a number.
func (r RejectReason) String() string {
	return fmt.Sprintf("%s (0x%02x)", r.words(), uint8(r))
}

func (r RejectReason) words() string {
	switch r {
	case RejectDataDigest:
		return "data digest error"
	case RejectSNACK:
		return "SNACK reject"
	case RejectProtocolError:
		return "protocol error"
	case RejectNotSupported:
		return "command not supported"
	case RejectTooManyImmediate:
		return "too many immediate commands"
	case RejectTaskInProgress:
		return "task in progress"
	case RejectInvalidDataACK:
		return "invalid data acknowledgement"
	case RejectInvalidField:
		return "invalid PDU field"
	case RejectNoTTT:
		return "out of target transfer tags"
	case RejectNegotiationReset:
		return "negotiation reset"
	case RejectWaitingForLogout:
		return "waiting for logout"
	}
	return "unknown reason"
}

// Transient reports whether the RFC lets the rejected request be tried again.
func (r RejectReason) Transient() bool {
	return r == RejectDataDigest || r == RejectTooManyImmediate || r == RejectNoTTT
}

// A Reject is RFC 7143, section 11.17.
type Reject struct {
	Reason   RejectReason
	StatSN   uint32
	ExpCmdSN uint32
	MaxCmdSN uint32
	Data     []byte // the header of the PDU that was rejected
}

// Opcode returns OpReject.
func (*Reject) Opcode() Opcode { return OpReject }

// AppendBinary appends the message, with data and padding, to b.
func (m *Reject) AppendBinary(b []byte) ([]byte, error) {
	h, err := newHeader(OpReject, len(m.Data))
	if err != nil {
		return b, err
	}
	h[offFlags] = bitFinal
	h[offReason] = byte(m.Reason)
	h.put32(offITT, NoTag)
	h.put32(offStatSN, m.StatSN)
	h.put32(offExpCmdSN, m.ExpCmdSN)
	h.put32(offMaxCmdSN, m.MaxCmdSN)
	return appendSegment(append(b, h[:]...), m.Data), nil
}

// Decode sets m from a header and its data, which m.Data aliases.
func (m *Reject) Decode(h *Header, data []byte) error {
	if err := h.is(OpReject); err != nil {
		return err
	}
	*m = Reject{
		Reason:   RejectReason(h[offReason]),
		StatSN:   h.get32(offStatSN),
		ExpCmdSN: h.get32(offExpCmdSN),
		MaxCmdSN: h.get32(offMaxCmdSN),
		Data:     data,
	}
	return nil
}
