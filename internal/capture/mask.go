package capture

import (
	"bytes"

	"github.com/go-iscsi/discovery/pkg/pdu"
)

// A masker passes one direction of an iSCSI connection on, with the values of
// CHAP_R overwritten. These occur in login only, which has no digests and no
// PDU longer than 8 KiB; so it holds back one PDU at a time until the first
// that is not of the login, and from then on nothing.
type masker struct {
	held []byte // the start of a PDU that is not complete
	cut  bool   // the text of the PDU before ended within a pair
	done bool   // the login is over
}

// add takes bytes and returns those that may be written now; they are valid
// until the next call.
func (m *masker) add(b []byte) []byte {
	if m.done {
		return b
	}
	m.held = append(m.held, b...)
	ready := 0
	for !m.done {
		n := m.whole(m.held[ready:])
		if n == 0 {
			break
		}
		ready += n
	}
	if m.done {
		ready = len(m.held)
	}
	out := bytes.Clone(m.held[:ready])
	m.held = append(m.held[:0], m.held[ready:]...)
	return out
}

// rest returns what was held back, for the end of the connection: all that may
// be text is overwritten.
func (m *masker) rest() []byte {
	if len(m.held) > pdu.HeaderLen {
		overwrite(m.held[pdu.HeaderLen:])
	}
	return m.held
}

// whole masks the PDU that b begins with, and returns its length; 0 where it is
// not complete.
func (m *masker) whole(b []byte) int {
	if len(b) < pdu.HeaderLen {
		return 0
	}
	h := (*pdu.Header)(b)
	op := h.Opcode()
	if op != pdu.OpLoginRequest && op != pdu.OpLoginResponse || h.DataLen() > pdu.DefaultMaxData {
		// Whoever sends more than may be sent in login gets no further.
		m.done = true
		return 0
	}
	start := pdu.HeaderLen + h.AHSLen()
	end := start + h.DataLen()
	total := end + -h.DataLen()&3
	if len(b) < total {
		return 0
	}
	m.text(b[start:end])
	return total
}

// text overwrites CHAP responses in the text of a login PDU.
func (m *masker) text(b []byte) {
	cut := m.cut
	if len(b) > 0 {
		m.cut = b[len(b)-1] != 0
	}
	for len(b) > 0 {
		end := bytes.IndexByte(b, 0)
		if end < 0 {
			end = len(b)
		}
		pair := b[:end]
		switch value, ok := bytes.CutPrefix(pair, []byte(pdu.KeyCHAPResponse+"=")); {
		case cut: // the rest of what may be one
			overwrite(pair)
			cut = false
		case ok:
			overwrite(value)
		}
		b = b[min(end+1, len(b)):]
	}
}

func overwrite(b []byte) {
	for i := range b {
		b[i] = '*'
	}
}
