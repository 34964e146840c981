package pdu

import "fmt"

// An AsyncEvent says what an Async Message is about (RFC 7143, section 11.9.1).
type AsyncEvent uint8

// The events. 248 to 255 belong to vendors; the rest is reserved.
const (
	AsyncSCSI             AsyncEvent = 0
	AsyncLogout           AsyncEvent = 1 // the target asks for a logout within Parameter3 seconds
	AsyncDropConnection   AsyncEvent = 2 // the connection in Parameter1 will be dropped
	AsyncDropSession      AsyncEvent = 3 // all connections of the session will be dropped
	AsyncNegotiate        AsyncEvent = 4 // the target asks for text negotiation within Parameter3 seconds
	AsyncTaskTermination  AsyncEvent = 5
	firstVendorAsyncEvent AsyncEvent = 248
)

// String returns the event in words.
func (e AsyncEvent) String() string {
	switch e {
	case AsyncSCSI:
		return "SCSI event"
	case AsyncLogout:
		return "logout requested"
	case AsyncDropConnection:
		return "connection will be dropped"
	case AsyncDropSession:
		return "session will be dropped"
	case AsyncNegotiate:
		return "negotiation requested"
	case AsyncTaskTermination:
		return "task termination"
	}
	if e >= firstVendorAsyncEvent {
		return fmt.Sprintf("vendor event %d", uint8(e))
	}
	return fmt.Sprintf("reserved event %d", uint8(e))
}

// An AsyncMessage is RFC 7143, section 11.9.
type AsyncMessage struct {
	LUN        uint64
	StatSN     uint32
	ExpCmdSN   uint32
	MaxCmdSN   uint32
	Event      AsyncEvent
	VCode      uint8
	Parameter1 uint16
	Parameter2 uint16
	Parameter3 uint16
	Data       []byte
}

// Opcode returns OpAsyncMessage.
func (*AsyncMessage) Opcode() Opcode { return OpAsyncMessage }

// AppendBinary appends the message, with data and padding, to b.
func (m *AsyncMessage) AppendBinary(b []byte) ([]byte, error) {
	h, err := newHeader(OpAsyncMessage, len(m.Data))
	if err != nil {
		return b, err
	}
	h[offFlags] = bitFinal
	h.put64(offLUN, m.LUN)
	h.put32(offITT, NoTag)
	h.put32(offStatSN, m.StatSN)
	h.put32(offExpCmdSN, m.ExpCmdSN)
	h.put32(offMaxCmdSN, m.MaxCmdSN)
	h[offAsyncEvent], h[offAsyncVCode] = byte(m.Event), m.VCode
	h.put16(offParameter1, m.Parameter1)
	h.put16(offParameter2, m.Parameter2)
	h.put16(offParameter3, m.Parameter3)
	return appendSegment(append(b, h[:]...), m.Data), nil
}

// Decode sets m from a header and its data, which m.Data aliases.
func (m *AsyncMessage) Decode(h *Header, data []byte) error {
	if err := h.is(OpAsyncMessage); err != nil {
		return err
	}
	*m = AsyncMessage{
		LUN:        h.get64(offLUN),
		StatSN:     h.get32(offStatSN),
		ExpCmdSN:   h.get32(offExpCmdSN),
		MaxCmdSN:   h.get32(offMaxCmdSN),
		Event:      AsyncEvent(h[offAsyncEvent]),
		VCode:      h[offAsyncVCode],
		Parameter1: h.get16(offParameter1),
		Parameter2: h.get16(offParameter2),
		Parameter3: h.get16(offParameter3),
		Data:       data,
	}
	return nil
}
