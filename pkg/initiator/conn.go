package initiator

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/netip"
	"os"

	"github.com/go-iscsi/discovery/pkg/initiator/internal/session"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/pdu"
)

// A conn moves the bytes of one connection. It is kept for the next one, with
// its buffers.
type conn struct {
	nc      net.Conn
	r       pdu.Reader
	w       pdu.Writer
	handOn  func() error // passes on what a step found, before the next PDU is waited for
	trace   func(TraceEvent)
	index   int
	address netip.AddrPort
	source  netip.Addr
	cut     bool // the data received last ended within a pair
	full    bool // the session is in full feature phase: a request that is no login was sent

	// The machines, one after the other.
	numbers session.Numbers
	login   session.Login
	list    session.SendTargets
	logout  session.Logout
}

// reset makes c move the bytes of nc.
func (c *conn) reset(nc net.Conn) {
	c.nc = nc
	c.r.Reset(nc)
	c.w.Reset(nc)
	c.cut, c.full = false, false
}

// run drives a machine until it is done.
func (c *conn) run(ctx context.Context, m session.Machine) error {
	var in pdu.PDU
	settler, _ := m.(session.Settler)
	for {
		out, done, err := m.Step(in)
		if err != nil {
			return err
		}
		if out != nil {
			c.traced(true, out)
			if err := c.w.WritePDU(out); err != nil {
				return cause(ctx, err)
			}
		}
		if done {
			return nil
		}
		if settler != nil {
			if err := settler.Settle(); err != nil {
				return err
			}
		}
		if err := c.handOn(); err != nil {
			return err
		}
		if in, err = c.r.ReadPDU(); err != nil {
			return cause(ctx, err)
		}
		c.traced(false, in)
	}
}

// cause returns why ctx ended in place of the i/o timeout that follows from it.
// What an enforcer says of a connection that it did not make tells more than
// that the time is over.
func cause(ctx context.Context, err error) error {
	var config *isdsc.Error
	explained := errors.As(err, &config)
	if why := context.Cause(ctx); why != nil && (!explained || errors.Is(why, context.Canceled)) {
		return why
	}
	if explained {
		return err
	}
	var ne net.Error
	if errors.Is(err, os.ErrDeadlineExceeded) || errors.As(err, &ne) && ne.Timeout() {
		return &TimeoutError{}
	}
	return err
}

// listBytes returns how many bytes of the list have come, with those of a response
// that is not complete yet.
func (c *conn) listBytes() int64 {
	n := c.list.Received()
	if b := c.r.Buffered(); len(b) > pdu.HeaderLen && b[0] == byte(pdu.OpTextResponse) {
		h := pdu.Header(b)
		came := len(b) - pdu.HeaderLen - h.AHSLen()
		if c.r.HeaderDigest {
			came -= pdu.DigestLen
		}
		n += int64(max(0, min(came, h.DataLen())))
	}
	return n
}

// foreign says which other protocol the bytes that could not be read look like;
// empty: none that we know.
func (c *conn) foreign() string {
	b := c.r.Buffered()
	for _, p := range []struct{ prefix, name string }{
		{"HTTP/", "an HTTP server"},
		{"SSH-", "an SSH server"},
		{"220 ", "an FTP or SMTP server"},
		{"220-", "an FTP or SMTP server"},
		{"RFB ", "a VNC server"},
		{"\x15\x03", "a TLS server"},
	} {
		if bytes.HasPrefix(b, []byte(p.prefix)) {
			return p.name
		}
	}
	return ""
}
