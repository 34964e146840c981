package pdu

import "fmt"

// A Stage is a stage of login (RFC 7143, section 11.12.3).
type Stage uint8

// The stages. 2 is reserved.
const (
	SecurityNegotiation         Stage = 0
	LoginOperationalNegotiation Stage = 1
	FullFeaturePhase            Stage = 3
)

// String returns the RFC's name of the stage.
func (s Stage) String() string {
	switch s {
	case SecurityNegotiation:
		return "SecurityNegotiation"
	case LoginOperationalNegotiation:
		return "LoginOperationalNegotiation"
	case FullFeaturePhase:
		return "FullFeaturePhase"
	}
	return fmt.Sprintf("stage %d", uint8(s))
}

// An ISID identifies a session on the initiator's side (RFC 7143, section
// 11.12.5).
type ISID [6]byte

// RandomISID returns the ISID of the type for vendors without a number of their
// own (10b): 24 random bits and a 16-bit qualifier, here as random as the rest.
// random gives the five bytes.
func RandomISID(random [5]byte) ISID {
	return ISID{0x80, random[0], random[1], random[2], random[3], random[4]}
}

// String returns the ISID as twelve hexadecimal digits.
func (i ISID) String() string { return fmt.Sprintf("%x", i[:]) }

const (
	shiftCSG  = 2
	stageMask = 3
)

// A LoginRequest is RFC 7143, section 11.12. It is always immediate.
type LoginRequest struct {
	Transit    bool // T: the initiator is ready to leave CSG for NSG
	Continue   bool // C: the text goes on in the next request
	CSG        Stage
	NSG        Stage // counts only with Transit
	VersionMax uint8
	VersionMin uint8
	ISID       ISID
	TSIH       uint16 // 0 for a new session
	ITT        uint32
	CID        uint16
	CmdSN      uint32
	ExpStatSN  uint32 // 0 in the first request of a new session
	Data       Text
}

// Opcode returns OpLoginRequest.
func (*LoginRequest) Opcode() Opcode { return OpLoginRequest }

// AppendBinary appends the request, with data and padding, to b.
func (m *LoginRequest) AppendBinary(b []byte) ([]byte, error) {
	h, err := newHeader(OpLoginRequest, len(m.Data))
	if err != nil {
		return b, err
	}
	h.setImmediate(true)
	h.setFlags(m.Transit, m.Continue)
	h[offFlags] |= byte(m.CSG&stageMask)<<shiftCSG | byte(m.NSG&stageMask)
	h[offVersionMax], h[offVersionMin] = m.VersionMax, m.VersionMin
	copy(h[offISID:], m.ISID[:])
	h.put16(offTSIH, m.TSIH)
	h.put32(offITT, m.ITT)
	h.put16(offCID, m.CID)
	h.put32(offCmdSN, m.CmdSN)
	h.put32(offExpStatSN, m.ExpStatSN)
	return appendSegment(append(b, h[:]...), m.Data), nil
}

// Decode sets m from a header and its data, which m.Data aliases.
func (m *LoginRequest) Decode(h *Header, data []byte) error {
	if err := h.is(OpLoginRequest); err != nil {
		return err
	}
	*m = LoginRequest{
		Transit:    h.Final(),
		Continue:   h.Continue(),
		CSG:        Stage(h[offFlags]>>shiftCSG) & stageMask,
		NSG:        Stage(h[offFlags]) & stageMask,
		VersionMax: h[offVersionMax],
		VersionMin: h[offVersionMin],
		ISID:       ISID(h[offISID:]),
		TSIH:       h.get16(offTSIH),
		ITT:        h.ITT(),
		CID:        h.get16(offCID),
		CmdSN:      h.get32(offCmdSN),
		ExpStatSN:  h.get32(offExpStatSN),
		Data:       data,
	}
	if !h.Immediate() {
		return &FormatError{Opcode: OpLoginRequest, Reason: "not immediate"}
	}
	return checkStages(OpLoginRequest, m.Transit, m.CSG, m.NSG)
}

// A LoginResponse is RFC 7143, section 11.13. Where Status is not success,
// Transit, CSG, NSG and the three numbers mean nothing.
type LoginResponse struct {
	Transit       bool // T: the target agrees to leave CSG for NSG
	Continue      bool // C: the text goes on in the next response
	CSG           Stage
	NSG           Stage // counts only with Transit
	VersionMax    uint8
	VersionActive uint8
	ISID          ISID
	TSIH          uint16 // counts only in the last response of a login
	ITT           uint32
	StatSN        uint32
	ExpCmdSN      uint32
	MaxCmdSN      uint32
	Status        Status
	Data          Text
}

// Opcode returns OpLoginResponse.
func (*LoginResponse) Opcode() Opcode { return OpLoginResponse }

// AppendBinary appends the response, with data and padding, to b.
func (m *LoginResponse) AppendBinary(b []byte) ([]byte, error) {
	h, err := newHeader(OpLoginResponse, len(m.Data))
	if err != nil {
		return b, err
	}
	h.setFlags(m.Transit, m.Continue)
	h[offFlags] |= byte(m.CSG&stageMask)<<shiftCSG | byte(m.NSG&stageMask)
	h[offVersionMax], h[offVersionMin] = m.VersionMax, m.VersionActive
	copy(h[offISID:], m.ISID[:])
	h.put16(offTSIH, m.TSIH)
	h.put32(offITT, m.ITT)
	h.put32(offStatSN, m.StatSN)
	h.put32(offExpCmdSN, m.ExpCmdSN)
	h.put32(offMaxCmdSN, m.MaxCmdSN)
	h.put16(offStatus, uint16(m.Status))
	return appendSegment(append(b, h[:]...), m.Data), nil
}

// Decode sets m from a header and its data, which m.Data aliases.
func (m *LoginResponse) Decode(h *Header, data []byte) error {
	if err := h.is(OpLoginResponse); err != nil {
		return err
	}
	*m = LoginResponse{
		Transit:       h.Final(),
		Continue:      h.Continue(),
		CSG:           Stage(h[offFlags]>>shiftCSG) & stageMask,
		NSG:           Stage(h[offFlags]) & stageMask,
		VersionMax:    h[offVersionMax],
		VersionActive: h[offVersionMin],
		ISID:          ISID(h[offISID:]),
		TSIH:          h.get16(offTSIH),
		ITT:           h.ITT(),
		StatSN:        h.get32(offStatSN),
		ExpCmdSN:      h.get32(offExpCmdSN),
		MaxCmdSN:      h.get32(offMaxCmdSN),
		Status:        Status(h.get16(offStatus)),
		Data:          data,
	}
	if m.Status != StatusSuccess {
		return nil
	}
	return checkStages(OpLoginResponse, m.Transit, m.CSG, m.NSG)
}

// checkStages refuses the reserved stage.
func checkStages(op Opcode, transit bool, csg, nsg Stage) error {
	if csg == 2 || transit && nsg == 2 {
		return &FormatError{Opcode: op, Reason: "stage 2 is reserved"}
	}
	return nil
}
