package session

import (
	"errors"

	"github.com/go-iscsi/discovery/pkg/pdu"
)

// A Login is the login of a new discovery session (RFC 7143, sections 6.3 and
// 11.12).
//
// Without authentication it is one request, from the operational stage straight
// to full feature phase. Otherwise it is the security stage, then the
// operational one, always: that is where MaxRecvDataSegmentLength and digests
// are declared.
type Login struct {
	n       *Numbers
	cfg     LoginConfig
	request pdu.LoginRequest
	state   func(*Login, *answer) error // of the current stage
	answer  answer
	text    pdu.Text // of the next request, reused
	taken   int      // bytes of text that the target has sent

	agreed   bool // the target chose a method that we offered
	progress AuthProgress
	done     bool

	result LoginResult
}

// An answer is what one logical response said, read once.
type answer struct {
	transit bool
	joined  pdu.Text // of all PDUs so far, when the text was cut
	auth    pdu.Text // the CHAP_ keys, for the exchange
	method  string   // AuthMethod; quoted where it is not ours
	replies pdu.Text // our answers to what the target proposed
	keys    keySet   // seen in the whole login
	digests [2]struct {
		seen bool
		on   bool
	}
	proposals int // answers in replies
}

// Reset makes l the exchange of a new session, and keeps its memory.
func (l *Login) Reset(n *Numbers, cfg LoginConfig) {
	keys := keySet{few: l.answer.keys.few[:0]}
	*l = Login{n: n, cfg: cfg, text: l.text[:0], answer: answer{keys: keys}}
	l.result.MaxRecvDataSegmentLength = pdu.DefaultMaxData
	l.result.PortalGroupTag = -1
}

// Result returns what was agreed on. It is valid once Step reported done.
func (l *Login) Result() LoginResult { return l.result }

// Step implements Machine.
func (l *Login) Step(in pdu.PDU) (out pdu.PDU, done bool, err error) {
	if in == nil {
		l.begin()
		return l.next(), false, nil
	}
	// Before full feature phase nothing but Login Responses may come.
	resp, ok := in.(*pdu.LoginResponse)
	if !ok {
		return nil, false, &pdu.ProtocolError{Opcode: in.Opcode(), Reason: "it came during login"}
	}
	if err := l.check(resp); err != nil {
		return nil, false, err
	}
	whole, err := l.join(resp)
	if err != nil {
		return nil, false, err
	}
	if !whole {
		// The answer to a piece is empty; flags stay as they are.
		l.text = l.text[:0]
		return l.next(), false, nil
	}
	if resp.Transit && resp.NSG == pdu.FullFeaturePhase {
		l.result.TSIH = resp.TSIH
	}
	if err := l.state(l, &l.answer); err != nil {
		return nil, false, err
	}
	if l.done {
		return nil, true, nil
	}
	if l.result.Rounds >= maxLoginRounds {
		return nil, false, &pdu.LimitError{What: "login responses", Limit: maxLoginRounds}
	}
	return l.next(), false, nil
}

// begin prepares the first request.
func (l *Login) begin() {
	l.request = pdu.LoginRequest{ISID: l.cfg.ISID, ITT: l.n.nextITT(), CmdSN: l.n.cmdSN}
	l.text = l.text.Append(pdu.KeyInitiatorName, l.cfg.InitiatorName)
	l.text = l.text.Append(pdu.KeySessionType, "Discovery")
	if l.cfg.Auth == nil {
		l.enterOperational()
		return
	}
	l.request.CSG = pdu.SecurityNegotiation
	l.text = l.text.Append(pdu.KeyAuthMethod, l.cfg.methods())
	l.state = (*Login).method
}

// next completes the next request.
func (l *Login) next() pdu.PDU {
	l.result.Rounds++
	l.request.ExpStatSN = l.n.expStatSN
	l.request.Data = l.text
	return &l.request
}

// transit asks to leave the current stage for nsg.
func (l *Login) transit(nsg pdu.Stage) { l.request.Transit, l.request.NSG = true, nsg }

// check judges the header of a response. The status comes first: a failing
// response may have anything in its other fields (istgt sets T), but where we
// are to go elsewhere for it, it has to be the answer to our request. The ISID
// is left alone: gotgt does not send ours back.
func (l *Login) check(resp *pdu.LoginResponse) error {
	redirection := resp.Status.Class() == pdu.ClassRedirection
	if resp.Status != pdu.StatusSuccess && !redirection {
		return &pdu.LoginError{Status: resp.Status}
	}
	reason := ""
	switch {
	case resp.ITT != l.request.ITT:
		reason = "its task tag is not ours"
	case redirection:
		return &pdu.LoginError{Status: resp.Status, Address: redirectAddress(resp.Data)}
	case resp.VersionActive != 0:
		reason = "it speaks another version"
	case resp.CSG != l.request.CSG:
		reason = "it is in " + resp.CSG.String() + ", we are in " + l.request.CSG.String()
	case resp.Transit && resp.Continue:
		reason = "T and C together"
	case resp.Transit && l.request.Transit && resp.NSG != l.request.NSG:
		reason = "it goes on to " + resp.NSG.String() + ", which we did not ask for"
	}
	if reason != "" {
		return &pdu.ProtocolError{Opcode: resp.Opcode(), Reason: reason}
	}
	l.n.base(resp.StatSN)
	return nil
}

// redirectAddress returns the first TargetAddress of a redirection.
func redirectAddress(text pdu.Text) string {
	for p, err := range text.Pairs() {
		if err == nil && string(p.Key) == pdu.KeyTargetAddress {
			return string(p.Value)
		}
	}
	return ""
}

// join collects the text of a response and, when it is whole, reads it.
func (l *Login) join(resp *pdu.LoginResponse) (whole bool, err error) {
	if l.taken += len(resp.Data); l.taken > maxLoginText {
		return false, &pdu.LimitError{What: "bytes of login text", Limit: maxLoginText}
	}
	if resp.Continue {
		if l.result.Rounds >= maxLoginRounds {
			return false, &pdu.LimitError{What: "login responses", Limit: maxLoginRounds}
		}
		l.answer.joined = append(l.answer.joined, resp.Data...)
		return false, nil
	}
	text := resp.Data
	if len(l.answer.joined) > 0 {
		l.answer.joined = append(l.answer.joined, text...)
		text, l.answer.joined = l.answer.joined, nil
	}
	a := &l.answer
	a.transit = resp.Transit
	a.auth, a.method, a.replies, a.proposals = a.auth[:0], "", a.replies[:0], 0
	for p, err := range text.Pairs() {
		if err == nil {
			err = l.key(a, p)
		}
		if te := (*pdu.TextError)(nil); errors.As(err, &te) {
			err = &pdu.ProtocolError{Opcode: resp.Opcode(), Reason: "malformed text", Err: err}
		}
		if err != nil {
			return false, err
		}
	}
	return true, nil
}
