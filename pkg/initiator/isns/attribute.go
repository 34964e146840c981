package isns

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"time"
	"unicode/utf8"
)

// attributeHeader is the length of the tag and the length of an attribute, in bytes.
const attributeHeader = 8

// MaxValueLen is the longest value of an attribute, in bytes, that is kept. Longer ones,
// such as certificates, are skipped.
const MaxValueLen = 1024

// An Attribute is a tag with its value (RFC 4171, section 5.3). The value has the padding
// to a multiple of four bytes.
type Attribute struct {
	Tag   Tag
	Value []byte // aliases the buffer of a Reader where it was read; nil where Len is over MaxValueLen
	Len   int    // of the value, in bytes, as it was sent
}

// append appends the attribute to b.
func (a *Attribute) append(b []byte) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(a.Tag))
	b = binary.BigEndian.AppendUint32(b, uint32(len(a.Value)))
	return append(b, a.Value...)
}

// newAttribute returns an attribute with a value, which is padded.
func newAttribute(t Tag, v []byte) Attribute {
	v = append(v, "\x00\x00\x00"[:-len(v)&3]...)
	return Attribute{Tag: t, Value: v, Len: len(v)}
}

// Empty returns an attribute without a value: in a query, one that is asked for.
func Empty(t Tag) Attribute { return Attribute{Tag: t} }

// TextAttribute returns an attribute whose value is text.
func TextAttribute(t Tag, s string) Attribute { return newAttribute(t, append([]byte(s), 0)) }

// NumberAttribute returns an attribute of four bytes.
func NumberAttribute(t Tag, v uint32) Attribute {
	return newAttribute(t, binary.BigEndian.AppendUint32(nil, v))
}

// AddressAttribute returns an attribute that is an IP address. IPv4 becomes an IPv4-mapped
// address (RFC 4171, section 6.3.1).
func AddressAttribute(t Tag, addr netip.Addr) Attribute {
	b := addr.As16()
	return newAttribute(t, b[:])
}

// PortAttribute returns an attribute that is a TCP port (RFC 4171, section 6.3.2).
func PortAttribute(t Tag, port uint16) Attribute { return NumberAttribute(t, uint32(port)) }

// TimeAttribute returns an attribute that is a time, in whole seconds.
func TimeAttribute(t Tag, at time.Time) Attribute {
	return newAttribute(t, binary.BigEndian.AppendUint64(nil, uint64(at.Unix())))
}

// IsEmpty reports an attribute without a value.
func (a *Attribute) IsEmpty() bool { return a.Len == 0 }

// isSame reports the tag and the value of another attribute, text in any case: a server may
// have normalised a name.
func (a *Attribute) isSame(b *Attribute) bool {
	return a.Tag == b.Tag && a.Len == b.Len && bytes.EqualFold(a.Value, b.Value)
}

// bad returns an error about the value.
func (a *Attribute) bad(reason string) error { return &AttributeError{Tag: a.Tag, Reason: reason} }

// Text returns a value that is text, without its NUL and padding. The error is an
// *AttributeError: there is no NUL, something follows it, or the text is not UTF-8. What
// the text may say is for its user to check.
func (a *Attribute) Text() (string, error) {
	if a.Len > MaxValueLen {
		return "", a.bad("the text is too long")
	}
	end := bytes.IndexByte(a.Value, 0)
	switch {
	case end < 0:
		return "", a.bad("the text has no NUL at its end")
	case len(bytes.Trim(a.Value[end:], "\x00")) > 0:
		return "", a.bad("something follows the NUL of the text")
	case !utf8.Valid(a.Value[:end]):
		return "", a.bad("the text is not UTF-8")
	}
	return string(a.Value[:end]), nil
}

// Number returns a value of four bytes.
func (a *Attribute) Number() (uint32, error) {
	if a.Len != 4 {
		return 0, a.bad("the value does not have four bytes")
	}
	return binary.BigEndian.Uint32(a.Value), nil
}

// Address returns a value that is an IP address. IPv4 addresses are taken as IPv4-mapped
// IPv6 addresses, as RFC 4171, section 6.3.1, has them, and as IPv4-compatible ones, as
// open-isns writes them; of these, :: and ::1 are IPv6 addresses.
func (a *Attribute) Address() (netip.Addr, error) {
	if a.Len != 16 {
		return netip.Addr{}, a.bad("the value does not have the 16 bytes of an address")
	}
	addr := netip.AddrFrom16([16]byte(a.Value)).Unmap()
	if addr.Is6() && bytes.Equal(a.Value[:12], make([]byte, 12)) && binary.BigEndian.Uint32(a.Value[12:]) > 1 {
		return netip.AddrFrom4([4]byte(a.Value[12:])), nil
	}
	return addr, nil
}

// udpBit is set in a port that is one of UDP.
const udpBit = 1 << 16

// Port returns a value that is a TCP or UDP port, in which the upper 15 bits are reserved.
func (a *Attribute) Port() (port uint16, udp bool, err error) {
	v, err := a.Number()
	return uint16(v), v&udpBit != 0, err
}

// Time returns a value that is a time.
func (a *Attribute) Time() (time.Time, error) {
	if a.Len != 8 {
		return time.Time{}, a.bad("the value does not have the eight bytes of a time")
	}
	// Later than year 9999 it cannot be written in JSON.
	s := binary.BigEndian.Uint64(a.Value)
	if s > 253402300799 {
		return time.Time{}, a.bad("the time is after the year 9999")
	}
	return time.Unix(int64(s), 0).UTC(), nil
}
