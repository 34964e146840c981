package initiator

import (
	"bytes"
	"net/netip"
	"time"

	"github.com/go-iscsi/discovery/pkg/pdu"
)

// A TraceEvent is one PDU on its way.
type TraceEvent struct {
	Time    time.Time
	Index   int            // of the portal in the sequence, from 0; -1: a Prober's
	Address netip.AddrPort // of the portal in use
	Source  netip.Addr     // ours
	Sent    bool           // by us; otherwise received

	// PDU is valid during the call and must not be changed. CHAP responses in
	// it are masked: until our first request that is no login, in all that comes.
	PDU pdu.PDU
}

// traced passes a PDU to Discoverer.Trace.
func (c *conn) traced(sent bool, p pdu.PDU) {
	if c.trace == nil {
		return
	}
	if sent {
		m, login := p.(*pdu.LoginRequest)
		if login {
			masked := *m
			masked.Data = maskCHAP(m.Data, false)
			p = &masked
		}
		c.full = c.full || !login
	} else if !c.full || p.Opcode() == pdu.OpLoginResponse {
		p = c.masked(p)
	}
	c.trace(TraceEvent{Time: time.Now(), Index: c.index, Address: c.address, Source: c.source, Sent: sent, PDU: p})
}

// masked returns a PDU that came before the session is in full feature phase, without
// responses of CHAP: a target that does not keep to the protocol may send one in any
// PDU that has data.
func (c *conn) masked(p pdu.PDU) pdu.PDU {
	var data *[]byte
	switch m := p.(type) {
	case *pdu.LoginResponse:
		masked := *m
		p, data = &masked, (*[]byte)(&masked.Data)
	case *pdu.TextResponse:
		masked := *m
		p, data = &masked, (*[]byte)(&masked.Data)
	case *pdu.NOPIn:
		masked := *m
		p, data = &masked, &masked.Data
	case *pdu.AsyncMessage:
		masked := *m
		p, data = &masked, &masked.Data
	case *pdu.Reject:
		masked := *m
		p, data = &masked, &masked.Data
	default:
		return p
	}
	text := *data
	*data = maskCHAP(text, c.cut)
	if n := len(text); n > 0 {
		c.cut = text[n-1] != 0
	}
	return p
}

// maskCHAP returns text with the value of each CHAP_R overwritten, at the same
// length: from a response and its challenge a secret can be guessed offline.
// Where the text before it was cut within a pair, the rest of that pair is
// overwritten too: it may be such a value.
func maskCHAP(text pdu.Text, cut bool) pdu.Text {
	if !cut && afterResponseKey(text) < 0 {
		return text
	}
	masked := bytes.Clone(text)
	for off := 0; off < len(masked); {
		end := bytes.IndexByte(masked[off:], 0)
		if end < 0 {
			end = len(masked) - off
		}
		pair := masked[off : off+end]
		from := afterResponseKey(pair)
		switch {
		case cut:
			cut, from = false, 0
		case from < 0:
			from = end
		}
		for i := range pair[from:] {
			pair[from+i] = '*'
		}
		off += end + 1
	}
	return masked
}

// afterResponseKey returns where in text the value of the first CHAP_R begins; -1: there
// is none. A target that spells the key in lower case, or puts something before it,
// sends its response all the same.
func afterResponseKey(text []byte) int {
	const key = pdu.KeyCHAPResponse + "="
	for i := 0; i+len(key) <= len(text); i++ {
		if text[i]|0x20 == 'c' && bytes.EqualFold(text[i:i+len(key)], []byte(key)) {
			return i + len(key)
		}
	}
	return -1
}
