package pdu

// A TextRequest is RFC 7143, section 11.10.
type TextRequest struct {
	Immediate bool
	Final     bool // F: nothing more to ask
	Continue  bool // C: the text goes on in the next request
	LUN       uint64
	ITT       uint32
	TTT       uint32 // NoTag in the first request of an exchange
	CmdSN     uint32
	ExpStatSN uint32
	Data      Text
}

// Opcode returns OpTextRequest.
func (*TextRequest) Opcode() Opcode { return OpTextRequest }

// AppendBinary appends the request, with data and padding, to b.
func (m *TextRequest) AppendBinary(b []byte) ([]byte, error) {
	h, err := newHeader(OpTextRequest, len(m.Data))
	if err != nil {
		return b, err
	}
	h.setImmediate(m.Immediate)
	h.setFlags(m.Final, m.Continue)
	h.put64(offLUN, m.LUN)
	h.put32(offITT, m.ITT)
	h.put32(offTTT, m.TTT)
	h.put32(offCmdSN, m.CmdSN)
	h.put32(offExpStatSN, m.ExpStatSN)
	return appendSegment(append(b, h[:]...), m.Data), nil
}

// Decode sets m from a header and its data, which m.Data aliases.
func (m *TextRequest) Decode(h *Header, data []byte) error {
	if err := h.is(OpTextRequest); err != nil {
		return err
	}
	*m = TextRequest{
		Immediate: h.Immediate(),
		Final:     h.Final(),
		Continue:  h.Continue(),
		LUN:       h.get64(offLUN),
		ITT:       h.ITT(),
		TTT:       h.get32(offTTT),
		CmdSN:     h.get32(offCmdSN),
		ExpStatSN: h.get32(offExpStatSN),
		Data:      data,
	}
	return nil
}

// A TextResponse is RFC 7143, section 11.11.
type TextResponse struct {
	Final    bool // F: the answer is complete
	Continue bool // C: the text goes on in the next response
	LUN      uint64
	ITT      uint32
	TTT      uint32 // not NoTag: ask on with this tag
	StatSN   uint32
	ExpCmdSN uint32
	MaxCmdSN uint32
	Data     Text
}

// Opcode returns OpTextResponse.
func (*TextResponse) Opcode() Opcode { return OpTextResponse }

// AppendBinary appends the response, with data and padding, to b.
func (m *TextResponse) AppendBinary(b []byte) ([]byte, error) {
	h, err := newHeader(OpTextResponse, len(m.Data))
	if err != nil {
		return b, err
	}
	h.setFlags(m.Final, m.Continue)
	h.put64(offLUN, m.LUN)
	h.put32(offITT, m.ITT)
	h.put32(offTTT, m.TTT)
	h.put32(offStatSN, m.StatSN)
	h.put32(offExpCmdSN, m.ExpCmdSN)
	h.put32(offMaxCmdSN, m.MaxCmdSN)
	return appendSegment(append(b, h[:]...), m.Data), nil
}

// Decode sets m from a header and its data, which m.Data aliases.
func (m *TextResponse) Decode(h *Header, data []byte) error {
	if err := h.is(OpTextResponse); err != nil {
		return err
	}
	*m = TextResponse{
		Final:    h.Final(),
		Continue: h.Continue(),
		LUN:      h.get64(offLUN),
		ITT:      h.ITT(),
		TTT:      h.get32(offTTT),
		StatSN:   h.get32(offStatSN),
		ExpCmdSN: h.get32(offExpCmdSN),
		MaxCmdSN: h.get32(offMaxCmdSN),
		Data:     data,
	}
	return nil
}
