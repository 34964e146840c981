package iscsitest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"syscall"

	"github.com/go-iscsi/discovery/pkg/pdu"
)

// A Handler holds the target's side of one connection. A Script is one, and so
// is a Target.
type Handler interface {
	Handle(*Conn) error
}

// Serve lets h hold the target's side of nc and closes it. Its error tells what
// went wrong with the handler, and every rule that the initiator broke.
func Serve(nc net.Conn, h Handler) error { return newConn(nc).serve(h) }

// A Conn is the target's end of one connection. It reads requests, shows them
// to the Auditor, and knows what the conversation so far decides about a
// response. It is used by one goroutine.
type Conn struct {
	nc    net.Conn
	out   io.Writer // what Write writes to: nc, or a link that spoils it
	audit Auditor

	isid     pdu.ISID // of the last Login Request
	itt      uint32   // of the last request
	statSN   uint32   // of the next response
	expCmdSN uint32

	mu       sync.Mutex // guards requests, which a test may look at meanwhile
	requests []pdu.PDU
}

func newConn(nc net.Conn) *Conn { return &Conn{nc: nc, out: nc, statSN: 1} }

func (c *Conn) serve(h Handler) error {
	defer c.nc.Close()
	err := h.Handle(c)
	return errors.Join(err, c.audit.Err())
}

// NetConn returns the connection itself.
func (c *Conn) NetConn() net.Conn { return c.nc }

// StartStatSN says what StatSN the next response carries; 1 where it is never
// called.
func (c *Conn) StartStatSN(n uint32) { c.statSN = n }

// Receive returns the next request. Its error satisfies Gone where the
// initiator went instead. A broken rule is no error here, but one of Serve.
func (c *Conn) Receive() (pdu.PDU, error) {
	f, err := ReadFrame(c.nc, c.audit.headerDigest, c.audit.dataDigest)
	if err != nil {
		return nil, err
	}
	c.audit.Request(f)
	p, err := f.PDU()
	if err != nil {
		return nil, err
	}
	switch m := p.(type) {
	case *pdu.LoginRequest:
		c.isid, c.itt, c.expCmdSN = m.ISID, m.ITT, m.CmdSN
	case *pdu.TextRequest:
		c.itt = m.ITT
		c.count(m.Immediate, m.CmdSN)
	case *pdu.LogoutRequest:
		c.itt = m.ITT
		c.count(m.Immediate, m.CmdSN)
	}
	c.mu.Lock()
	c.requests = append(c.requests, p)
	c.mu.Unlock()
	return p, nil
}

func (c *Conn) count(immediate bool, cmdSN uint32) {
	if !immediate {
		c.expCmdSN = cmdSN + 1
	}
}

// Requests returns what the initiator has sent so far.
func (c *Conn) Requests() []pdu.PDU {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.requests[:len(c.requests):len(c.requests)]
}

// Fill sets what the conversation decides about a response: tags, numbers, and
// in a Login Response ISID and TSIH. The Target Transfer Tag is set only in a
// final Text Response; elsewhere it means something, zero too.
func (c *Conn) Fill(p pdu.PDU) {
	stat, exp, top := c.statSN, c.expCmdSN, c.expCmdSN
	switch m := p.(type) {
	case *pdu.LoginResponse:
		m.ISID, m.ITT = c.isid, c.itt
		m.StatSN, m.ExpCmdSN, m.MaxCmdSN = stat, exp, top
		if lastOfLogin(m) {
			m.TSIH = 1
		}
	case *pdu.TextResponse:
		m.ITT = c.itt
		m.StatSN, m.ExpCmdSN, m.MaxCmdSN = stat, exp, top
		if m.Final {
			m.TTT = pdu.NoTag
		}
	case *pdu.LogoutResponse:
		m.ITT = c.itt
		m.StatSN, m.ExpCmdSN, m.MaxCmdSN = stat, exp, top
	case *pdu.NOPIn:
		m.ITT = pdu.NoTag
		m.StatSN, m.ExpCmdSN, m.MaxCmdSN = stat, exp, top
	case *pdu.AsyncMessage:
		m.StatSN, m.ExpCmdSN, m.MaxCmdSN = stat, exp, top
	case *pdu.Reject:
		m.StatSN, m.ExpCmdSN, m.MaxCmdSN = stat, exp, top
	}
}

// Encode returns the bytes of p with the digests that are in force.
func (c *Conn) Encode(p pdu.PDU) ([]byte, error) {
	var b bytes.Buffer
	w := pdu.NewWriter(&b)
	w.HeaderDigest, w.DataDigest = c.audit.headerDigest, c.audit.dataDigest
	w.MaxData = pdu.MaxDataLen
	err := w.WritePDU(p)
	return b.Bytes(), err
}

// Sent takes note of a response that is about to be written: its StatSN counts
// on, and the Auditor sees it. Bytes that are no response change nothing.
func (c *Conn) Sent(b []byte) {
	f, err := readFrame(bytes.NewReader(b), c.audit.headerDigest, c.audit.dataDigest, len(b))
	if err != nil {
		return
	}
	if statSN, ok := statusOf(f); ok {
		c.statSN = statSN + 1
	}
	c.audit.Response(f)
}

// Write writes bytes as they are.
func (c *Conn) Write(b []byte) error {
	_, err := c.out.Write(b)
	return err
}

// Send fills p in and sends it.
func (c *Conn) Send(p pdu.PDU) error {
	c.Fill(p)
	b, err := c.Encode(p)
	if err != nil {
		return err
	}
	c.Sent(b)
	return c.Write(b)
}

// WaitGone waits until the initiator closes the connection. What it sends
// instead is an error.
func (c *Conn) WaitGone() error {
	p, err := c.Receive()
	switch {
	case Gone(err):
		return nil
	case err != nil:
		return err
	}
	return fmt.Errorf("iscsitest: the initiator was to close, but sent %s", describe(p))
}

// Gone reports whether err is the way in which a connection ends when the
// other side closes or resets it between two PDUs.
func Gone(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrClosedPipe) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// lastOfLogin reports whether m ends the login with success.
func lastOfLogin(m *pdu.LoginResponse) bool {
	return m.Status == pdu.StatusSuccess && m.Transit && m.NSG == pdu.FullFeaturePhase
}

// statusOf returns the StatSN that a response uses up.
func statusOf(f *Frame) (statSN uint32, ok bool) {
	p, err := f.PDU()
	if err != nil {
		return 0, false
	}
	switch m := p.(type) {
	case *pdu.LoginResponse:
		return m.StatSN, true
	case *pdu.TextResponse:
		return m.StatSN, true
	case *pdu.LogoutResponse:
		return m.StatSN, true
	case *pdu.AsyncMessage:
		return m.StatSN, true
	case *pdu.Reject:
		return m.StatSN, true
	case *pdu.NOPIn:
		return m.StatSN, m.ITT != pdu.NoTag
	}
	return 0, false
}
