package userspace

import (
	"bytes"
	"encoding/binary"
	"time"

	"github.com/go-iscsi/discovery/internal/ike"
)

// receive takes a datagram from the peer (RFC 3948, section 2).
func (sa *ikeSA) receive(port uint16, b []byte) {
	const marker, espHeader = 4, 8
	switch {
	case port == ike.Port:
		sa.receiveIKE(port, b)
	case port != ike.NATTPort || len(b) < espHeader: // such as a keepalive
	case binary.BigEndian.Uint32(b) == 0:
		sa.receiveIKE(port, b[marker:])
	default:
		sa.receiveESP(b)
	}
}

func (sa *ikeSA) receiveIKE(port uint16, b []byte) {
	now := time.Now()
	sa.mu.Lock()
	defer sa.mu.Unlock()
	if len(b) < spiLen || len(b) > maxMessage || sa.closed {
		return
	}
	r := &sa.strangers
	if sa.spis[[spiLen]byte(b)] {
		r = &sa.rate // an attacker off the path, which does not know it, does not use this up
	}
	if !r.allow(now) {
		return
	}
	sa.apply(sa.machine.Receive(now, ike.Datagram{Port: port, Data: bytes.Clone(b)}))
}

func (sa *ikeSA) receiveESP(b []byte) {
	spi := binary.BigEndian.Uint32(b)
	sa.mu.Lock()
	c := sa.bySPI[spi]
	sa.mu.Unlock()
	if c != nil {
		sa.scratch = c.take(spi, b, sa.scratch[:0])
	}
}
