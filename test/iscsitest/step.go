package iscsitest

import (
	"errors"
	"net"
	"time"

	"github.com/go-iscsi/discovery/pkg/pdu"
)

// errOver ends a script: the connection is of no more use to it.
var errOver = errors.New("iscsitest: over")

// Send sends p. What the conversation decides is filled in (see Conn.Fill), so
// that a step names only what the test is about; change then makes it wrong:
//
//	Send(&pdu.TextResponse{Final: true}, func(m *pdu.TextResponse) { m.ITT++ })
//
// p itself is left as it is. Over net.Pipe a Send waits until the initiator
// reads: expect the answer to one PDU before the next is sent.
func Send[P pdu.PDU](p P, change ...func(P)) Step {
	return deliver(p, change, (*Conn).Write)
}

// Mutate sends p after a change of its bytes, with digests and padding. The
// slice is the step's own.
func Mutate(p pdu.PDU, change func(b []byte) []byte) Step {
	return func(c *Conn) error {
		b, err := c.prepare(p)
		if err != nil {
			return err
		}
		b = change(b)
		c.Sent(b)
		return c.Write(b)
	}
}

// Trickle sends p one byte at a time.
func Trickle[P pdu.PDU](p P, change ...func(P)) Step {
	return deliver(p, change, func(c *Conn, b []byte) error {
		for i := range b {
			if err := c.Write(b[i : i+1]); err != nil {
				return err
			}
		}
		return nil
	})
}

// Together sends several PDUs in one write.
func Together(ps ...pdu.PDU) Step {
	return func(c *Conn) error {
		var all []byte
		for _, p := range ps {
			b, err := c.prepare(p)
			if err != nil {
				return err
			}
			c.Sent(b) // digests and numbers of the next depend on it
			all = append(all, b...)
		}
		return c.Write(all)
	}
}

// SendRaw sends bytes as they are.
func SendRaw(b []byte) Step {
	return func(c *Conn) error {
		c.Sent(b)
		return c.Write(b)
	}
}

// Steps takes several steps as one, such as Target.Respond wants it.
func Steps(steps ...Step) Step {
	return func(c *Conn) error {
		for _, step := range steps {
			if err := step(c); err != nil {
				return err
			}
		}
		return nil
	}
}

// Repeat takes a step n times, or until it fails.
func Repeat(n int, step Step) Step {
	return func(c *Conn) error {
		for range n {
			if err := step(c); err != nil {
				return err
			}
		}
		return nil
	}
}

// UntilGone takes a step again and again until the initiator goes, and ends the
// script. The initiator may go at any point, also within a PDU.
func UntilGone(step Step) Step {
	return func(c *Conn) error {
		for {
			if err := step(c); Gone(err) {
				return errOver
			} else if err != nil {
				return err
			}
		}
	}
}

// Delay lets time pass; it is meant for testing/synctest bubbles.
func Delay(d time.Duration) Step {
	return func(*Conn) error {
		time.Sleep(d)
		return nil
	}
}

// ExpectClose waits until the initiator closes the connection without another
// word, and ends the script. The end of a Script does so by itself.
func ExpectClose() Step {
	return func(c *Conn) error {
		if err := c.WaitGone(); err != nil {
			return err
		}
		return errOver
	}
}

// Close closes the connection and ends the script.
func Close() Step {
	return func(c *Conn) error {
		c.nc.Close()
		return errOver
	}
}

// Reset breaks the connection off, in TCP by RST, and ends the script.
func Reset() Step {
	return func(c *Conn) error {
		if tcp, ok := c.nc.(*net.TCPConn); ok {
			tcp.SetLinger(0)
		}
		c.nc.Close()
		return errOver
	}
}

// Silence answers nothing more, whatever comes, until the initiator goes.
func Silence() Step {
	return func(c *Conn) error {
		for {
			if _, err := c.Receive(); Gone(err) {
				return errOver
			} else if err != nil {
				return err
			}
		}
	}
}

// deliver fills a copy of p, changes it and hands its bytes to write.
func deliver[P pdu.PDU](p P, change []func(P), write func(*Conn, []byte) error) Step {
	return func(c *Conn) error {
		b, err := c.prepare(p, func(p pdu.PDU) {
			for _, f := range change {
				f(p.(P))
			}
		})
		if err != nil {
			return err
		}
		c.Sent(b)
		return write(c, b)
	}
}

// prepare returns the bytes of a filled and changed copy of p.
func (c *Conn) prepare(p pdu.PDU, change ...func(pdu.PDU)) ([]byte, error) {
	p = clone(p)
	c.Fill(p)
	for _, f := range change {
		f(p)
	}
	return c.Encode(p)
}

// clone copies a response, so that a script can be run more than once. Data is
// shared. A PDU of another type is returned as it is.
func clone(p pdu.PDU) pdu.PDU {
	switch m := p.(type) {
	case *pdu.LoginResponse:
		return new(*m)
	case *pdu.TextResponse:
		return new(*m)
	case *pdu.LogoutResponse:
		return new(*m)
	case *pdu.NOPIn:
		return new(*m)
	case *pdu.AsyncMessage:
		return new(*m)
	case *pdu.Reject:
		return new(*m)
	}
	return p
}
