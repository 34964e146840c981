package pdu

// A NOPOut is RFC 7143, section 11.18.
type NOPOut struct {
	Immediate bool
	LUN       uint64
	ITT       uint32 // NoTag: no answer wanted
	TTT       uint32 // of the NOP-In that this answers, or NoTag
	CmdSN     uint32
	ExpStatSN uint32
	Data      []byte
}

// Opcode returns OpNOPOut.
func (*NOPOut) Opcode() Opcode { return OpNOPOut }

// AppendBinary appends the message, with data and padding, to b.
func (m *NOPOut) AppendBinary(b []byte) ([]byte, error) {
	h, err := newHeader(OpNOPOut, len(m.Data))
	if err != nil {
		return b, err
	}
	h.setImmediate(m.Immediate)
	h[offFlags] = bitFinal
	h.put64(offLUN, m.LUN)
	h.put32(offITT, m.ITT)
	h.put32(offTTT, m.TTT)
	h.put32(offCmdSN, m.CmdSN)
	h.put32(offExpStatSN, m.ExpStatSN)
	return appendSegment(append(b, h[:]...), m.Data), nil
}

// Decode sets m from a header and its data, which m.Data aliases.
func (m *NOPOut) Decode(h *Header, data []byte) error {
	if err := h.is(OpNOPOut); err != nil {
		return err
	}
	*m = NOPOut{
		Immediate: h.Immediate(),
		LUN:       h.get64(offLUN),
		ITT:       h.ITT(),
		TTT:       h.get32(offTTT),
		CmdSN:     h.get32(offCmdSN),
		ExpStatSN: h.get32(offExpStatSN),
		Data:      data,
	}
	return nil
}

// A NOPIn is RFC 7143, section 11.19.
type NOPIn struct {
	LUN      uint64
	ITT      uint32 // of the NOP-Out that this answers, or NoTag
	TTT      uint32 // not NoTag: a NOP-Out is wanted
	StatSN   uint32 // with ITT NoTag the next StatSN, not used up
	ExpCmdSN uint32
	MaxCmdSN uint32
	Data     []byte
}

// Opcode returns OpNOPIn.
func (*NOPIn) Opcode() Opcode { return OpNOPIn }

// AppendBinary appends the message, with data and padding, to b.
func (m *NOPIn) AppendBinary(b []byte) ([]byte, error) {
	h, err := newHeader(OpNOPIn, len(m.Data))
	if err != nil {
		return b, err
	}
	h[offFlags] = bitFinal
	h.put64(offLUN, m.LUN)
	h.put32(offITT, m.ITT)
	h.put32(offTTT, m.TTT)
	h.put32(offStatSN, m.StatSN)
	h.put32(offExpCmdSN, m.ExpCmdSN)
	h.put32(offMaxCmdSN, m.MaxCmdSN)
	return appendSegment(append(b, h[:]...), m.Data), nil
}

// Decode sets m from a header and its data, which m.Data aliases.
func (m *NOPIn) Decode(h *Header, data []byte) error {
	if err := h.is(OpNOPIn); err != nil {
		return err
	}
	*m = NOPIn{
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
