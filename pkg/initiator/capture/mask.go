package capture

import (
	"bytes"

	"github.com/go-iscsi/discovery/pkg/pdu"
)

// A masker passes one direction of an iSCSI connection on, with the values of
// CHAP_R overwritten at the same length, until the session is in full feature
// phase. Only our own requests tell that: the first one that is no Login Request.
// What a target sends before is masked whatever it looks like: a Login Response
// that is too long, any other PDU, and what is no PDU at all.
//
// It holds nothing back. The key stands before its value, so each byte is judged by
// those before it.
type masker struct {
	done bool // nothing is overwritten any more
	ours bool // it is our direction: the first PDU that is no Login Request ends the masking

	header [pdu.HeaderLen]byte // of the PDU under way
	got    int                 // bytes of it
	ahs    int                 // bytes that are left of the additional header segments
	data   int                 // bytes that are left of the data segment
	pad    int                 // bytes that are left of its padding

	matched int  // bytes of keyResponse that the stream has just ended with
	open    bool // the data of the PDUs before ended within a pair
	hide    bool // overwrite until the end of the pair
	lost    bool // where PDUs begin is not known any more: overwrite everything

	// final: the PDU under way ends the login, if we take it. loose: it is over; PDUs
	// may have digests, so only keyResponse is looked for.
	final, loose bool
}

// keyResponse stands before the value that is overwritten, in any case: a target
// that spells it otherwise sends its response all the same.
const keyResponse = pdu.KeyCHAPResponse + "="

// add returns a copy of b that may be written; where the masking is over, b itself.
func (m *masker) add(b []byte) []byte {
	if m.done {
		return b
	}
	b = bytes.Clone(b)
	for i := 0; i < len(b) && !m.done; i++ {
		if m.secret(b[i]) {
			b[i] = '*'
		}
	}
	return b
}

// secret takes the next byte of the stream, and reports that it must not be shown.
func (m *masker) secret(c byte) bool {
	if m.lost {
		return true
	}
	found := m.match(c)
	switch {
	case m.loose:
		m.lost = found
	case m.got < pdu.HeaderLen:
		m.header[m.got] = c
		if m.got++; m.got == pdu.HeaderLen {
			m.begin()
		}
		m.lost = m.lost || found
	case m.ahs > 0:
		m.ahs--
		m.lost = found
	case m.data > 0:
		m.data--
		secret := m.hide && c != 0
		m.hide, m.open = found || secret, c != 0
		m.next()
		return secret
	default:
		m.pad--
		m.lost = found
		m.next()
	}
	return false
}

// match reports that the stream has just ended with keyResponse.
func (m *masker) match(c byte) bool {
	if 'a' <= c && c <= 'z' {
		c -= 'a' - 'A'
	}
	if c != keyResponse[m.matched] {
		m.matched = 0
	}
	if c == keyResponse[m.matched] {
		m.matched++
	}
	if m.matched < len(keyResponse) {
		return false
	}
	m.matched = 0
	return true
}

// begin reads the header that is complete now.
func (m *masker) begin() {
	h := (*pdu.Header)(&m.header)
	m.ahs, m.data = h.AHSLen(), h.DataLen()
	m.pad = -m.data & 3
	switch op := h.Opcode(); {
	case m.ours:
		m.done = op != pdu.OpLoginRequest
	case !known(op):
		m.lost = true
	case op == pdu.OpLoginResponse:
		m.final = leadsOut(h)
	}
	// The rest of a pair that the PDU before began may be such a value, or its key.
	m.hide = m.open
	m.next()
}

// next expects another header, where the PDU under way is complete.
func (m *masker) next() {
	if m.data == 0 && m.pad == 0 && m.ahs == 0 {
		m.got, m.loose = 0, m.final
	}
}

// leadsOut reports the header of a Login Response that leads to full feature phase.
func leadsOut(h *pdu.Header) bool {
	var m pdu.LoginResponse
	err := m.Decode(h, nil)
	return err == nil && m.Status == pdu.StatusSuccess && m.Transit && m.NSG == pdu.FullFeaturePhase
}

// known reports the opcodes of PDUs that targets send in a discovery session.
func known(op pdu.Opcode) bool {
	switch op {
	case pdu.OpNOPIn, pdu.OpLoginResponse, pdu.OpTextResponse, pdu.OpLogoutResponse, pdu.OpAsyncMessage, pdu.OpReject:
		return true
	}
	return false
}
