package isns

import (
	"net/netip"
	"time"
)

// An ESI is the server's question whether a portal is still there (RFC 4171, section
// 5.6.5.13).
type ESI struct {
	Time     time.Time
	EntityID string
	Portal   netip.AddrPort
}

// Function returns FuncESI.
func (*ESI) Function() Function { return FuncESI }

// attributes returns what the message has.
func (e *ESI) attributes() []Attribute {
	return []Attribute{
		TimeAttribute(TagTimestamp, e.Time), TextAttribute(TagEntityID, e.EntityID),
		AddressAttribute(TagPortalAddress, e.Portal.Addr()), PortAttribute(TagPortalPort, e.Portal.Port()),
	}
}

// AppendBinary appends the payload.
func (e *ESI) AppendBinary(b []byte) ([]byte, error) {
	all := e.attributes()
	for i := range all {
		b = all[i].append(b)
	}
	return b, nil
}

// Decode reads the question.
func (e *ESI) Decode(m *Message) error {
	*e = ESI{}
	i := 0
	for a, err := range m.Attributes() {
		if err != nil {
			return err
		}
		if i >= 4 || a.Tag != [...]Tag{TagTimestamp, TagEntityID, TagPortalAddress, TagPortalPort}[i] {
			return m.bad("its attributes are not time, entity and portal")
		}
		var (
			addr netip.Addr
			port uint16
		)
		switch i {
		case 0:
			e.Time, err = a.Time()
		case 1:
			e.EntityID, err = a.Text()
		case 2:
			addr, err = a.Address()
			e.Portal = netip.AddrPortFrom(addr, 0)
		case 3:
			port, _, err = a.Port()
			e.Portal = netip.AddrPortFrom(e.Portal.Addr(), port)
		}
		if err != nil {
			return err
		}
		i++
	}
	if i < 4 {
		return m.bad("its attributes are not time, entity and portal")
	}
	return nil
}

// Response returns the answer, which repeats what was sent, without a delimiter.
func (e *ESI) Response() *Response {
	return &Response{To: FuncESI, Key: e.attributes()}
}
