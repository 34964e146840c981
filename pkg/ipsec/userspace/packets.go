package userspace

import (
	"bytes"
	"errors"
	"time"

	"github.com/go-iscsi/discovery/internal/esp"
)

// Receive implements netstack.Packets.
func (c *child) Receive(deliver func(packet []byte)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.deliver = deliver
}

var errNotOurs = errors.New("the packet is not of the connection")

// Send implements netstack.Packets. The first packet is sent again until the peer has
// answered: the last message of an exchange of keys has no answer, and a packet that
// overtakes it is lost.
func (c *child) Send(packet []byte) error {
	c.mu.Lock()
	if c.first == nil && !c.heard && c.lost == nil && c.again == nil {
		c.first = bytes.Clone(packet)
		c.repeat(firstRepeat)
	}
	worn, err := c.seal(packet)
	c.mu.Unlock()
	switch {
	case errors.Is(err, esp.ErrExhausted):
		c.lose(err.Error())
	case worn:
		c.sa.rekey(c)
	}
	return err
}

// seal encrypts a packet and sends it. c.mu is held.
func (c *child) seal(packet []byte) (worn bool, err error) {
	packet, header, ok := c.flow.Segment(packet)
	switch {
	case c.lost != nil:
		return false, c.lost
	case !ok || len(c.pairs) == 0 || c.pairs[len(c.pairs)-1].sealer == nil:
		return false, errNotOurs
	}
	pair := c.pairs[len(c.pairs)-1]
	payload, next := packet, esp.NextIPv4
	switch {
	case !c.tunnel:
		payload, next = packet[header:], esp.NextTCP
	case c.flow.From.Addr().Is6():
		next = esp.NextIPv6
	}
	if c.sealed, err = pair.sealer.Seal(c.sealed[:0], payload, next); err != nil {
		return false, err
	}
	pair.bytesOut += uint64(len(payload))
	c.sent = time.Now()
	return pair.worn(), c.sa.sendESP(c.sealed)
}

// The first packet is sent again after firstRepeat, and then after twice as long each
// time, up to lastRepeat.
const (
	firstRepeat = 10 * time.Millisecond
	lastRepeat  = 320 * time.Millisecond
)

// repeat sends the first packet again after a time. c.mu is held.
func (c *child) repeat(after time.Duration) {
	c.again = time.AfterFunc(after, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.heard || c.first == nil {
			return
		}
		_, _ = c.seal(c.first)
		if after < lastRepeat {
			c.repeat(2 * after)
		}
	})
}

// take takes a packet of ESP. room is for the packet that is put together; the one that
// it returns is to be used next.
func (c *child) take(spi uint32, b, room []byte) []byte {
	c.mu.Lock()
	p := c.receiver(spi)
	if p == nil {
		c.mu.Unlock()
		return room
	}
	packet, room, ok := c.open(p, b, room)
	if !ok {
		c.dropped++
		c.mu.Unlock()
		return room
	}
	deliver, worn := c.deliver, p.worn()
	c.mu.Unlock()
	if deliver != nil {
		deliver(packet)
	}
	if worn {
		c.sa.rekey(c)
	}
	return room
}

// open checks a packet of ESP and returns what is inside, an IP packet of the connection.
// c.mu is held.
func (c *child) open(p *espPair, b, room []byte) (packet, used []byte, ok bool) {
	payload, next, err := p.opener.Open(b)
	if err != nil {
		return nil, room, false
	}
	if !c.heard {
		c.heard, c.first = true, nil
		if c.again != nil {
			c.again.Stop()
		}
	}
	in := c.flow.Reverse()
	switch {
	case !c.tunnel && next == esp.NextTCP:
		room, ok = in.AppendPacket(room, payload)
		packet = room
	case c.tunnel && (next == esp.NextIPv4 || next == esp.NextIPv6):
		packet, _, ok = in.Segment(payload)
		payload = packet
	}
	if ok {
		p.bytesIn += uint64(len(payload))
	}
	return packet, room, ok
}
