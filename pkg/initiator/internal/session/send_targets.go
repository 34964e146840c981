package session

import (
	"errors"

	"github.com/go-iscsi/discovery/pkg/initiator/internal/text"
	"github.com/go-iscsi/discovery/pkg/pdu"
)

// A SendTargets asks a target for its list: one Text Request, and one more for
// each part of an answer that comes in parts (RFC 7143, section 11.10 and
// appendix C). Text is handed on as it arrives, so the memory does not grow with
// the list.
type SendTargets struct {
	// MaxText is the longest answer in bytes; a longer one is a *pdu.LimitError.
	MaxText int64

	// Late leaves the text of a response to Settle, where more is asked for: so
	// the target makes the next response while we look at this one.
	Late bool

	n       *Numbers
	yield   func(pdu.Text) error
	request pdu.TextRequest
	joiner  pdu.Joiner
	other   unsolicited
	text    int64  // bytes so far
	late    []byte // text that was not handed on yet
	pdus    int    // responses so far
	empty   int    // responses without text, in a row
}

// DefaultMaxText is the longest answer that is taken where nothing else is
// said, in bytes.
const DefaultMaxText = 1 << 30

// Reset makes s a new exchange, and keeps its memory. The exchange calls yield with the
// text of the answer, in order, in pieces of whole pairs, which are valid during the call.
// An error of yield ends the exchange; a *pdu.TextError is taken for the target's.
func (s *SendTargets) Reset(n *Numbers, yield func(pdu.Text) error) {
	*s = SendTargets{MaxText: DefaultMaxText, n: n, yield: yield, joiner: s.joiner, other: unsolicited{n: n}}
	s.joiner.Reset()
}

// Step implements Machine.
func (s *SendTargets) Step(in pdu.PDU) (out pdu.PDU, done bool, err error) {
	if in == nil {
		s.request = pdu.TextRequest{ITT: s.n.nextITT(), TTT: pdu.NoTag}
		return s.ask(pdu.Text(pdu.KeySendTargets + "=All\x00")), false, nil
	}
	resp, ok := in.(*pdu.TextResponse)
	if !ok {
		out, err = s.other.handle(in)
		return out, false, err
	}
	if err := s.check(resp); err != nil {
		return nil, false, err
	}
	if err := s.count(resp.Data); err != nil {
		return nil, false, err
	}
	s.late = resp.Data
	if !s.Late || resp.Final || s.other.logout {
		if err := s.Settle(); err != nil {
			return nil, false, err
		}
	}
	if resp.Final {
		if err := s.joiner.Close(); err != nil {
			return nil, false, malformed(err, s.joiner.Rest())
		}
		return nil, true, nil
	}
	if s.other.logout {
		return nil, false, &pdu.AsyncError{Event: pdu.AsyncLogout}
	}
	s.request.LUN, s.request.TTT = resp.LUN, resp.TTT
	return s.ask(nil), false, nil
}

// ask completes the next request. It is immediate and final always: more text
// of ours never follows.
func (s *SendTargets) ask(text pdu.Text) pdu.PDU {
	s.request.Immediate, s.request.Final = true, true
	s.request.CmdSN, s.request.ExpStatSN = s.n.cmdSN, s.n.expStatSN
	s.request.Data = text
	return &s.request
}

// check judges the header of a response.
func (s *SendTargets) check(resp *pdu.TextResponse) error {
	reason := ""
	switch {
	case resp.ITT != s.request.ITT:
		reason = "its task tag is not ours"
	case resp.Final && resp.Continue:
		reason = "F and C together"
	case !resp.Final && resp.TTT == pdu.NoTag:
		reason = "not final, and no tag to ask on with"
	}
	if reason != "" {
		return &pdu.ProtocolError{Opcode: resp.Opcode(), Reason: reason}
	}
	return s.n.advance(resp.Opcode(), resp.StatSN)
}

// count holds the text of a response against the limits.
func (s *SendTargets) count(data []byte) error {
	s.text += int64(len(data))
	if s.text > s.MaxText {
		return &pdu.LimitError{What: LimitText, Limit: s.MaxText}
	}
	if s.pdus++; s.pdus > maxTextPDUs {
		return &pdu.LimitError{What: "text responses", Limit: maxTextPDUs}
	}
	if len(data) > 0 {
		s.empty = 0
	} else if s.empty++; s.empty > maxEmptyInARow {
		return &pdu.LimitError{What: "empty text responses in a row", Limit: maxEmptyInARow}
	}
	return nil
}

// Received returns how many bytes of text the target has sent so far, in responses
// that were complete; also after an error.
func (s *SendTargets) Received() int64 { return s.text }

// Settle hands on the text of the last response, where Step has left that. It is
// to be called before the memory of the response is used again.
func (s *SendTargets) Settle() error {
	data := s.late
	s.late = nil
	for text, err := range s.joiner.Add(data) {
		if err != nil {
			return malformed(err, s.joiner.Rest())
		}
		if err := s.yield(text); err != nil {
			bad := (*pdu.TextError)(nil)
			if !errors.As(err, &bad) {
				return err
			}
			pair := text[bad.Offset:]
			bad.Offset += s.joiner.Offset() // it was counted from the start of the piece
			return malformed(err, pair)
		}
	}
	return nil
}

// maxMalformed is how many bytes of a malformed list stand in an error.
const maxMalformed = 128

// malformed makes what is wrong with a pair of the list an error of the protocol. The pair
// is quoted: some targets say there in words why they have no list.
func malformed(err error, pair []byte) error {
	return &pdu.ProtocolError{Opcode: pdu.OpTextResponse, Reason: "malformed list at " + text.QuoteMost(pair, maxMalformed), Err: err}
}
