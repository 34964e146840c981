package iscsitest

import (
	"net"
	"strconv"

	"github.com/go-iscsi/discovery/pkg/pdu"
)

// A Target is a well-behaved discovery target. Its zero value lets everyone in
// and has nothing to show. It may serve many connections at a time; its fields
// are not changed meanwhile.
type Target struct {
	Records []Record // what SendTargets shows, in order

	User, Secret             string // CHAP is wanted where Secret is not empty
	MutualUser, MutualSecret string // how we answer the initiator's challenge; none where empty
	Algorithm                string // the only CHAP_A that we take; empty: each, the initiator chooses

	HeaderDigest bool // take CRC32C where it is offered, also as second choice
	DataDigest   bool

	MaxText  int   // data bytes in one Text Response; 0: as many as the initiator takes
	Split    Split // how a longer answer is cut
	NOPIn    bool  // ask for a NOP-Out before each Text Response
	NoLogout bool  // never answer a Logout Request

	PortalGroupTag uint16     // in login; 0 is a valid one
	FirstStatSN    uint32     // of the first Login Response
	Status         pdu.Status // what the first Login Request is answered with, if not success
	Redirect       string     // a TargetAddress: status is 0101, or Status where that is set

	// Respond may return a step to take in the place of a response, which is
	// not filled in yet. Nil, or a nil step: the response is sent.
	Respond func(request, response pdu.PDU) Step
}

// A Record is one target of a SendTargets answer.
type Record struct {
	Name      string
	Addresses []string // host:port,tag
}

// A Split is a way to cut a long SendTargets answer into several responses.
type Split int

const (
	// SplitPairs cuts between pairs, a record in two where it falls so: F=0
	// and C=0.
	SplitPairs Split = iota
	// SplitAnywhere cuts after MaxText bytes, in a key or a value: F=0 and
	// C=1.
	SplitAnywhere
)

// Serve holds the target's side of nc.
func (t *Target) Serve(nc net.Conn) error { return Serve(nc, t) }

// Handle answers requests until the initiator goes, at whatever point.
func (t *Target) Handle(c *Conn) error {
	c.StartStatSN(t.FirstStatSN)
	s := &talk{t: t, c: c, maxData: pdu.DefaultMaxData}
	for {
		p, err := c.Receive()
		if err != nil {
			return unlessGone(err)
		}
		switch m := p.(type) {
		case *pdu.LoginRequest:
			err = s.login(m)
		case *pdu.TextRequest:
			err = s.sendTargets(m)
		case *pdu.LogoutRequest:
			if !t.NoLogout {
				err = s.reply(m, &pdu.LogoutResponse{})
			}
		}
		if err != nil {
			return unlessGone(err)
		}
	}
}

func unlessGone(err error) error {
	if err == errOver || Gone(err) {
		return nil
	}
	return err
}

// A talk is one connection of a Target.
type talk struct {
	t *Target
	c *Conn

	text          pdu.Text // the initiator's, until a request without C
	began         bool     // the first Login Response is out
	chap          chap
	authenticated bool
	maxData       int // the initiator's MaxRecvDataSegmentLength

	answer pdu.Text // what is left of it
	ttt    uint32
}

func (s *talk) reply(request, response pdu.PDU) error {
	if s.t.Respond != nil {
		if step := s.t.Respond(request, response); step != nil {
			return step(s.c)
		}
	}
	return s.c.Send(response)
}

// sendTargets answers a Text Request: the first of an exchange, or one that
// asks on.
func (s *talk) sendTargets(m *pdu.TextRequest) error {
	if m.TTT == pdu.NoTag {
		s.answer = s.t.records(m.Data)
	}
	if s.t.NOPIn {
		// Its answer has to be read before we send on, or over net.Pipe both
		// sides would wait.
		if err := s.c.Send(&pdu.NOPIn{TTT: s.ttt, LUN: lun}); err != nil {
			return err
		}
		if _, err := s.c.Receive(); err != nil {
			return err
		}
	}
	r := &pdu.TextResponse{Data: s.cut()}
	r.Final = len(s.answer) == 0
	if !r.Final {
		// Tags that change from response to response, and begin with zero,
		// are legal.
		r.TTT, r.LUN = s.ttt, lun
		s.ttt++
		r.Continue = s.t.Split == SplitAnywhere
	}
	return s.reply(m, r)
}

// lun is what an initiator has to copy together with the Target Transfer Tag.
const lun = 0x0102030405060708

// records returns the text of the answer to SendTargets.
func (t *Target) records(request pdu.Text) pdu.Text {
	all := string(request) == "SendTargets=All\x00"
	var text pdu.Text
	for _, r := range t.Records {
		if !all && string(request) != "SendTargets="+r.Name+"\x00" {
			continue
		}
		text = text.Append(pdu.KeyTargetName, r.Name)
		for _, a := range r.Addresses {
			text = text.Append(pdu.KeyTargetAddress, a)
		}
	}
	return text
}

// cut takes the next piece from the answer.
func (s *talk) cut() pdu.Text {
	n := s.maxData
	if s.t.MaxText > 0 {
		n = min(n, s.t.MaxText)
	}
	if n >= len(s.answer) {
		n = len(s.answer)
	} else if s.t.Split == SplitPairs {
		n = wholePairs(s.answer, n)
	}
	piece := s.answer[:n]
	s.answer = s.answer[n:]
	return piece
}

// wholePairs returns the length of as many pairs as fit in n bytes, or of one.
func wholePairs(t pdu.Text, n int) int {
	fit := 0
	for i, c := range t {
		if c != 0 {
			continue
		}
		if i+1 > n && fit > 0 {
			break
		}
		fit = i + 1
	}
	return fit
}

func itoa(n int) string { return strconv.Itoa(n) }
