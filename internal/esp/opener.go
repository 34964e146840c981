package esp

import (
	"encoding/binary"
	"fmt"
	"io"
)

// An Opener checks and reads the packets of one security association. It is not safe for
// concurrent use.
type Opener struct {
	shape
	transform transform // nil: wiped
	spi       uint32
	esn       bool
	window    window
	packets   uint64
	bytes     uint64
}

// NewOpener returns an Opener.
func NewOpener(c Config) (*Opener, error) {
	t, err := newTransform(c, false)
	if err != nil {
		return nil, err
	}
	return &Opener{shape: shapeOf(c.Suite), transform: t, spi: c.SPI, esn: c.Suite.ESN}, nil
}

// Open checks a packet, from the SPI to the check value, and decrypts it in place. The
// payload is a part of packet, without the padding of RFC 4303, section 2.4; padding for
// traffic flow confidentiality (section 2.7) is still at its end, and the length in the
// header of IP inside tells it apart. next says what it is. The error is a *DropError:
// the packet is dropped, and its sender gets no answer.
//
// Nothing is decrypted before the check value is found right, and nothing is allocated.
func (o *Opener) Open(packet []byte) (payload []byte, next uint8, err error) {
	if o.transform == nil {
		return nil, 0, drop(Ended)
	}
	if len(packet) < headerLen+o.iv+max(o.align, 4)+o.icv {
		return nil, 0, drop(TooShort)
	}
	if binary.BigEndian.Uint32(packet) != o.spi {
		return nil, 0, drop(OtherSPI)
	}
	text := o.text(packet)
	if len(text)%o.align != 0 {
		return nil, 0, drop(Unaligned)
	}
	seq, ok := o.window.sequence(binary.BigEndian.Uint32(packet[4:]), o.esn)
	if !ok || !o.window.fresh(seq) {
		return nil, 0, drop(Replayed)
	}
	if !o.transform.open(packet, seq) {
		return nil, 0, drop(Forged)
	}
	o.window.note(seq)
	payload, next, ok = trim(text)
	if !ok {
		return nil, 0, drop(Padding)
	}
	o.packets++
	o.bytes += uint64(len(payload))
	return payload, next, nil
}

// trim takes padding and trailer off a text, and reports whether the padding is 1, 2, 3, …
// (RFC 4303, section 2.4).
func trim(text []byte) (payload []byte, next uint8, ok bool) {
	n := len(text) - trailerLen
	pad := int(text[n])
	if pad > n {
		return nil, 0, false
	}
	for i, b := range text[n-pad : n] {
		if b != byte(i+1) {
			return nil, 0, false
		}
	}
	return text[: n-pad : n-pad], text[n+1], true
}

// Packets returns how many packets were opened; those dropped are not counted.
func (o *Opener) Packets() uint64 { return o.packets }

// Bytes returns how many bytes of payload were opened.
func (o *Opener) Bytes() uint64 { return o.bytes }

// Wipe ends the security association: packets are dropped from now on. See Sealer.Wipe.
func (o *Opener) Wipe() { o.transform = nil }

// Format writes [redacted], whatever the verb and its flags, since fmt would walk to the
// keys.
func (o *Opener) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[redacted]") }
