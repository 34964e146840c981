package isns

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"iter"
)

// DefaultMaxMessage is the longest message that a Reader takes, in bytes of payload, unless
// MaxMessage says otherwise.
const DefaultMaxMessage = 64 << 20

// readerBuffer is what a Reader reads at once, in bytes.
const readerBuffer = 4 << 10

// A Reader reads messages, one after the other. Of a message it keeps no more than one
// attribute, whatever the lengths in it claim. It is used by one goroutine.
//
// Its errors are *FormatError, *VersionError and *SizeError, and those of the stream:
// io.EOF before a message, io.ErrUnexpectedEOF within one. After an error the stream is of
// no more use.
type Reader struct {
	MaxMessage int // in bytes of payload; 0: DefaultMaxMessage

	r       *bufio.Reader
	message Message
	head    [HeaderLen]byte
	value   [MaxValueLen]byte
}

// NewReader returns a Reader on r.
func NewReader(r io.Reader) *Reader { return &Reader{r: bufio.NewReaderSize(r, readerBuffer)} }

// A Message is one that a Reader reads. Its PDUs are read as its attributes are asked for.
type Message struct {
	Header Header // of its first PDU

	r    *Reader
	pdu  Header // that is being read
	rest int    // bytes of that PDU
	room int    // bytes that the message may still have

	pdus, bytes, attributes int // that were begun
}

// Next reads the header of the next message. What was not read of the one before is
// skipped.
func (r *Reader) Next() (*Message, error) {
	m := &r.message
	if m.r != nil {
		if err := m.skip(); err != nil {
			return nil, err
		}
	}
	h, err := r.header(true)
	if err != nil {
		return nil, err
	}
	*m = Message{Header: h, r: r, pdu: h, room: r.MaxMessage}
	if m.room == 0 {
		m.room = DefaultMaxMessage
	}
	if !h.Flags.Has(FlagFirst) || h.SequenceID != 0 {
		return nil, m.bad("a message begins with another PDU than its first")
	}
	if err := m.begin(h); err != nil {
		return nil, err
	}
	return m, nil
}

// header reads the header of a PDU. between: the stream may end before it.
func (r *Reader) header(between bool) (h Header, err error) {
	if _, err = io.ReadFull(r.r, r.head[:]); err != nil {
		if err == io.EOF && !between {
			err = io.ErrUnexpectedEOF
		}
		return h, err
	}
	h = parseHeader(r.head[:])
	if h.Version != Version {
		return h, &VersionError{Version: h.Version}
	}
	return h, nil
}

// bad returns an error about the message.
func (m *Message) bad(format string, args ...any) error {
	return &FormatError{Function: m.Header.Function, Reason: fmt.Sprintf(format, args...)}
}

// begin takes a PDU into the message.
func (m *Message) begin(h Header) error {
	switch {
	case h.Length%4 != 0:
		return m.bad("a PDU of %d bytes, which is no multiple of four", h.Length)
	case h.Flags.Has(FlagAuth):
		return m.bad("an authentication block, which is for multicast alone")
	case int(h.Length) > m.room:
		limit := m.r.MaxMessage
		if limit == 0 {
			limit = DefaultMaxMessage
		}
		return &SizeError{What: "bytes of message", Limit: limit}
	}
	m.pdu, m.rest = h, int(h.Length)
	m.room -= m.rest
	m.pdus, m.bytes = m.pdus+1, m.bytes+m.rest
	return nil
}

// follow reads the header of the next PDU of the message.
func (m *Message) follow() error {
	h, err := m.r.header(false)
	if err != nil {
		return err
	}
	switch {
	case h.Function != m.pdu.Function || h.TransactionID != m.pdu.TransactionID:
		return m.bad("a PDU of another message between its own")
	case h.Flags.Has(FlagFirst):
		return m.bad("a second first PDU")
	case h.SequenceID != m.pdu.SequenceID+1 || h.SequenceID == 0:
		return m.bad("the PDU %d follows the PDU %d", h.SequenceID, m.pdu.SequenceID)
	}
	return m.begin(h)
}

// more reports whether there is payload to be read, and reads the headers on the way to it.
func (m *Message) more() (bool, error) {
	for m.rest == 0 {
		if m.pdu.Flags.Has(FlagLast) {
			return false, nil
		}
		if err := m.follow(); err != nil {
			return false, err
		}
	}
	return true, nil
}

// read fills b with payload.
func (m *Message) read(b []byte) error {
	for len(b) > 0 {
		if ok, err := m.more(); err != nil {
			return err
		} else if !ok {
			return m.bad("it ends within an attribute")
		}
		n := min(m.rest, len(b))
		if _, err := io.ReadFull(m.r.r, b[:n]); err != nil {
			return unexpected(err)
		}
		b, m.rest = b[n:], m.rest-n
	}
	return nil
}

// discard skips payload.
func (m *Message) discard(size uint32) error {
	for size > 0 {
		if ok, err := m.more(); err != nil {
			return err
		} else if !ok {
			return m.bad("it ends within an attribute")
		}
		n := min(m.rest, int(min(size, 1<<20)))
		if _, err := m.r.r.Discard(n); err != nil {
			return unexpected(err)
		}
		size, m.rest = size-uint32(n), m.rest-n
	}
	return nil
}

// skip skips what is left of the message.
func (m *Message) skip() error {
	for {
		if ok, err := m.more(); err != nil || !ok {
			return err
		}
		if err := m.discard(uint32(m.rest)); err != nil {
			return err
		}
	}
}

// unexpected is an error of the stream within a message.
func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// Status reads the status that a response begins with. It is called first, and once.
func (m *Message) Status() (Status, error) {
	var b [4]byte
	if ok, err := m.more(); err != nil {
		return 0, err
	} else if !ok {
		return 0, m.bad("it has no status")
	}
	if err := m.read(b[:]); err != nil {
		return 0, err
	}
	return Status(binary.BigEndian.Uint32(b[:])), nil
}

// Attributes yields what follows. An attribute is valid until the next one. After an error
// it ends.
func (m *Message) Attributes() iter.Seq2[*Attribute, error] {
	return func(yield func(*Attribute, error) bool) {
		var head [attributeHeader]byte
		var a Attribute
		for {
			ok, err := m.more()
			if err == nil && ok {
				err = m.read(head[:])
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if !ok {
				return
			}
			if err := m.attribute(&a, head[:]); err != nil {
				yield(nil, err)
				return
			}
			if !yield(&a, nil) {
				return
			}
		}
	}
}

// attribute reads the value behind the header of an attribute.
func (m *Message) attribute(a *Attribute, head []byte) error {
	size := binary.BigEndian.Uint32(head[4:])
	m.attributes++
	*a = Attribute{Tag: Tag(binary.BigEndian.Uint32(head))}
	if size%4 != 0 {
		return m.bad("an attribute of %d bytes, which is no multiple of four", size)
	}
	if int64(size) > int64(m.rest)+int64(m.room) {
		return m.bad("an attribute of %d bytes, more than the message may have", size)
	}
	if a.Len = int(size); size > MaxValueLen {
		return m.discard(size)
	}
	a.Value = m.r.value[:size]
	return m.read(a.Value)
}

// clone returns a copy that stays valid.
func (a *Attribute) clone() Attribute {
	c := *a
	if len(a.Value) == 0 {
		c.Value = nil
	} else {
		c.Value = append([]byte(nil), a.Value...)
	}
	return c
}
