package userspace

import (
	"bytes"
	"errors"
	"sync"
	"time"

	"github.com/go-iscsi/discovery/internal/esp"
	"github.com/go-iscsi/discovery/internal/ike"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
	"github.com/go-iscsi/discovery/pkg/ipsec/userspace/internal/netstack"
)

// A child is the security associations of one connection. It is the netstack.Packets of
// that connection.
type child struct {
	want ike.Child
	flow netstack.Flow // out

	sa *ikeSA // set by ikeSA.open, as the following
	id int

	settled chan struct{} // closed when it is known whether there are security associations
	gone    chan struct{} // closed when there are no more

	mu          sync.Mutex
	isSettled   bool            // guarded by mu, as what follows
	err         error           // why there are none; nil once settled: there are
	lost        error           // a *enforce.LostError
	established ike.Established // of the IKE security association, when the child came up
	tunnel      bool            // as negotiated
	wide        bool
	pairs       []*espPair // the last is the one to send by
	forgotten   espPair    // what those counted that are not in pairs any more
	conn        tcpConn    // nil: not connected
	deliver     func(packet []byte)
	sealed      []byte // room for a packet
	sent        time.Time
	heard       bool   // an authenticated packet has come
	first       []byte // the first packet, until that
	again       *time.Timer
	dropped     uint64 // packets that were not authentic, or not of the connection
}

func newChild(want ike.Child) *child {
	return &child{
		want: want, flow: netstack.Flow{From: want.Local, To: want.Portal},
		settled: make(chan struct{}), gone: make(chan struct{}),
	}
}

// up takes security associations, the first or new ones.
func (c *child) up(e ike.ChildUp, sa ike.Established) {
	pair, err := newPair(e)
	if err == nil && e.Tunnel != c.want.Tunnel {
		err = &ike.Failure{Cause: ike.Selectors}
	}
	if err != nil {
		c.down(err)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.lost != nil || c.isSettled && c.err != nil {
		pair.wipe()
		return
	}
	c.pairs = append(c.pairs, pair)
	if len(c.pairs) > maxPairsOfProofs {
		old := c.pairs[1]
		old.wipe()
		c.forgotten.bytesOut += old.bytesOut
		c.forgotten.bytesIn += old.bytesIn
		c.pairs = append(c.pairs[:1], c.pairs[2:]...)
	}
	c.tunnel, c.established, c.wide = e.Tunnel, sa, c.wide || e.Wide
	c.settle(nil)
}

// settle says how the negotiation ended. c.mu is held.
func (c *child) settle(err error) {
	if !c.isSettled {
		c.isSettled, c.err = true, err
		close(c.settled)
	}
}

// expire ends the security associations that received by spi.
func (c *child) expire(spi uint32) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p := c.receiver(spi); p != nil {
		p.wipe()
	}
}

// fail ends the negotiation of a child that is not up.
func (c *child) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.settle(err)
}

// down ends a child, whether it was up or not.
func (c *child) down(err error) {
	c.mu.Lock()
	up := c.isSettled && c.err == nil
	c.settle(err)
	c.mu.Unlock()
	if up {
		c.lose(err.Error())
	}
}

// lose ends the connection, since its security associations are gone.
func (c *child) lose(reason string) {
	c.mu.Lock()
	if c.lost != nil {
		c.mu.Unlock()
		return
	}
	c.lost = &enforce.LostError{Reason: reason}
	conn, lost := c.conn, c.lost
	c.end()
	close(c.gone)
	c.mu.Unlock()
	if conn != nil {
		conn.End(lost)
	}
}

// end clears the keys, so that nothing is sent or taken any more. c.mu is held.
func (c *child) end() {
	for _, p := range c.pairs {
		p.wipe()
	}
	if c.again != nil {
		c.again.Stop()
	}
	c.first = nil
}

// attach gives the child its connection, which ends with the security associations.
func (c *child) attach(conn tcpConn) (lost error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.conn = conn
	return c.lost
}

// stop ends the child for good.
func (c *child) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.end()
	c.settle(errors.New("the connection was closed"))
}

// receiver returns the pair that receives by spi; nil: it has ended. c.mu is held.
func (c *child) receiver(spi uint32) *espPair {
	for _, p := range c.pairs {
		if p.spiIn == spi && p.opener != nil {
			return p
		}
	}
	return nil
}

// lastSent returns when the last packet was sent.
func (c *child) lastSent() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sent
}

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
