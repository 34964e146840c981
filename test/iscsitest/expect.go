package iscsitest

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/go-iscsi/discovery/pkg/pdu"
)

// Text returns key=value pairs as they stand in a data segment. Without any it
// is empty, but not nil: Expect then wants no data.
func Text(pairs ...string) pdu.Text {
	t := pdu.Text{}
	for _, p := range pairs {
		t = append(append(t, p...), 0)
	}
	return t
}

// Expect receives one request and compares what a test decides: its type,
// flags, stages, the reason of a logout, and the data in full, unless want has
// nil there. Tags and numbers are the Auditor's affair.
func Expect(want pdu.PDU) Step {
	return func(c *Conn) error {
		got, err := receive(c, want.Opcode())
		if err != nil {
			return err
		}
		if !alike(got, want) {
			return fmt.Errorf("got  %s\nwant %s", describe(got), describe(want))
		}
		return nil
	}
}

// Check receives one request, which has to be a P, and lets f judge it.
func Check[P pdu.PDU](f func(P) error) Step {
	return func(c *Conn) error {
		p, err := c.Receive()
		if err != nil {
			return fmt.Errorf("waiting for a request: %w", err)
		}
		got, ok := p.(P)
		if !ok {
			return fmt.Errorf("got %s, want a %T", describe(p), got)
		}
		return f(got)
	}
}

func receive(c *Conn, want pdu.Opcode) (pdu.PDU, error) {
	p, err := c.Receive()
	if err != nil {
		return nil, fmt.Errorf("waiting for a %s: %w", want, err)
	}
	return p, nil
}

func alike(got, want pdu.PDU) bool {
	switch w := want.(type) {
	case *pdu.LoginRequest:
		g, ok := got.(*pdu.LoginRequest)
		return ok && g.Transit == w.Transit && g.Continue == w.Continue && g.CSG == w.CSG &&
			g.NSG == w.NSG && alikeData(g.Data, w.Data)
	case *pdu.TextRequest:
		g, ok := got.(*pdu.TextRequest)
		return ok && g.Final == w.Final && g.Continue == w.Continue && alikeData(g.Data, w.Data)
	case *pdu.LogoutRequest:
		g, ok := got.(*pdu.LogoutRequest)
		return ok && g.Reason == w.Reason
	case *pdu.NOPOut:
		g, ok := got.(*pdu.NOPOut)
		return ok && alikeData(g.Data, w.Data)
	}
	return false
}

func alikeData(got, want []byte) bool { return want == nil || bytes.Equal(got, want) }

// describe prints a request, or whatever it is, on one line.
func describe(p pdu.PDU) string {
	switch m := p.(type) {
	case *pdu.LoginRequest:
		return fmt.Sprintf("%s T=%t C=%t CSG=%d NSG=%d %s", m.Opcode(), m.Transit, m.Continue, m.CSG, m.NSG, quote(m.Data))
	case *pdu.TextRequest:
		return fmt.Sprintf("%s F=%t C=%t %s", m.Opcode(), m.Final, m.Continue, quote(m.Data))
	case *pdu.LogoutRequest:
		return fmt.Sprintf("%s reason=%d", m.Opcode(), m.Reason)
	case *pdu.NOPOut:
		return fmt.Sprintf("%s TTT=0x%08x %s", m.Opcode(), m.TTT, quote(m.Data))
	}
	return p.Opcode().String()
}

// quote prints text with a space for each NUL.
func quote(t []byte) string {
	if t == nil {
		return "(any data)"
	}
	return fmt.Sprintf("%q", strings.TrimSuffix(strings.ReplaceAll(string(t), "\x00", " "), " "))
}
