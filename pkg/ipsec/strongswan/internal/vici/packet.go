package vici

import (
	"encoding/binary"
	"fmt"
	"io"
)

// A PacketType says what a packet is.
type PacketType byte

// The types of packets. Those with a name are CommandRequest, EventRegister,
// EventUnregister and Event.
const (
	CommandRequest PacketType = iota
	CommandResponse
	CommandUnknown
	EventRegister
	EventUnregister
	EventConfirm
	EventUnknown
	Event
)

func (t PacketType) named() bool {
	switch t {
	case CommandRequest, EventRegister, EventUnregister, Event:
		return true
	}
	return false
}

// A Packet is one message with what it is about.
type Packet struct {
	Type    PacketType
	Name    string // of the command or the event, where the type has one
	Message Section
}

const packetHeader = 4 // length of what follows

// WritePacket writes a packet, in one Write, and forgets its bytes: there may be
// a key in them.
func WritePacket(w io.Writer, p Packet) error {
	b := append(make([]byte, packetHeader, 1024), byte(p.Type))
	if p.Type.named() {
		if len(p.Name) > maxKey {
			return errLong
		}
		b = append(append(b, byte(len(p.Name))), p.Name...)
	}
	b, err := p.Message.Append(b)
	defer func() { clear(b) }()
	if err != nil {
		return err
	}
	if len(b)-packetHeader > MaxPacket {
		return fmt.Errorf("a packet of %d bytes is too long", len(b))
	}
	binary.BigEndian.PutUint32(b, uint32(len(b)-packetHeader))
	_, err = w.Write(b)
	return err
}

// ReadPacket reads a packet.
func ReadPacket(r io.Reader) (Packet, error) {
	var h [packetHeader]byte
	if _, err := io.ReadFull(r, h[:]); err != nil {
		return Packet{}, err
	}
	n := binary.BigEndian.Uint32(h[:])
	if n == 0 || n > MaxPacket {
		return Packet{}, &FormatError{Reason: fmt.Sprintf("a packet of %d bytes", n)}
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(r, b); err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return Packet{}, err
	}
	return decodePacket(b)
}

func decodePacket(b []byte) (Packet, error) {
	p := Packet{Type: PacketType(b[0])}
	d := decoder{b: b[1:]}
	var err error
	if p.Type > Event {
		return p, &FormatError{Reason: fmt.Sprintf("a packet of type %d", p.Type)}
	}
	if p.Type.named() {
		if p.Name, err = d.key(); err != nil {
			return p, err
		}
	}
	p.Message, err = Decode(d.b)
	return p, err
}
