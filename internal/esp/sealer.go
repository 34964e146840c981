package esp

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
)

// ErrExhausted is what Seal returns when the sequence numbers of the security association
// are used up: they never begin anew (RFC 4303, section 3.3.3).
var ErrExhausted = errors.New("the sequence numbers of the security association are used up")

// errWiped is for a security association that was wiped.
var errWiped = errors.New("the security association has ended")

// randomBlock is how many bytes of randomness are read at a time, for the initialization
// vectors of many packets.
const randomBlock = 512

// A Sealer makes the packets of one security association. It is not safe for concurrent
// use.
type Sealer struct {
	shape
	transform transform // nil: wiped
	spi       uint32
	last      uint64 // sequence number of the last packet; it is the number of packets as well
	max       uint64
	bytes     uint64
	random    *bufio.Reader // nil: the initialization vector is the sequence number
}

// NewSealer returns a Sealer whose first packet has the sequence number 1. random is
// read for the initialization vectors of CBC; combined ciphers take the sequence number
// (RFC 4106, section 3.1; RFC 7634, section 2).
func NewSealer(c Config, random io.Reader) (*Sealer, error) {
	t, err := newTransform(c, true)
	if err != nil {
		return nil, err
	}
	s := &Sealer{shape: shapeOf(c.Suite), transform: t, spi: c.SPI, max: math.MaxUint32}
	if c.Suite.ESN {
		s.max = math.MaxUint64
	}
	if !c.Suite.Encryption.AEAD() {
		s.random = bufio.NewReaderSize(random, randomBlock)
	}
	return s, nil
}

// Seal appends to dst a packet that carries payload, of which next says what it is.
// payload may not overlap the room in dst after its length. Nothing is allocated where
// that room suffices. The error is ErrExhausted, or that of the source of randomness.
func (s *Sealer) Seal(dst, payload []byte, next uint8) ([]byte, error) {
	switch {
	case s.transform == nil:
		return dst, errWiped
	case s.last == s.max:
		return dst, ErrExhausted
	}
	seq := s.last + 1
	pad := padding(len(payload)+trailerLen, s.align)
	start := len(dst)
	end := start + headerLen + s.iv + len(payload) + pad + trailerLen + s.icv
	out := slices.Grow(dst, end-start)[:end]
	packet := out[start:]

	binary.BigEndian.PutUint32(packet, s.spi)
	binary.BigEndian.PutUint32(packet[4:], uint32(seq))
	if s.random == nil {
		binary.BigEndian.PutUint64(packet[headerLen:], seq)
	} else if _, err := io.ReadFull(s.random, packet[headerLen:headerLen+s.iv]); err != nil {
		return dst, err
	}
	text := s.text(packet)
	copy(text, payload)
	for i := range pad {
		text[len(payload)+i] = byte(i + 1)
	}
	text[len(text)-2], text[len(text)-1] = byte(pad), next
	s.transform.seal(packet, seq)
	s.last = seq
	s.bytes += uint64(len(payload))
	return out, nil
}

// padding returns how many bytes make n a multiple of align.
func padding(n, align int) int { return (align - n%align) % align }

// Packets returns how many packets were sealed.
func (s *Sealer) Packets() uint64 { return s.last }

// Bytes returns how many bytes of payload were sealed.
func (s *Sealer) Bytes() uint64 { return s.bytes }

// Wipe ends the security association: Seal fails from now on. The expanded keys are in
// objects of Go's cryptography that cannot be cleared; they are let go of.
func (s *Sealer) Wipe() { s.transform = nil }

// Format writes [redacted], whatever the verb and its flags, since fmt would walk to the
// keys.
func (s *Sealer) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[redacted]") }
