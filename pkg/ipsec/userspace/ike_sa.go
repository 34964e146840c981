package userspace

import (
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/go-iscsi/discovery/internal/ike"
)

const (
	keepaliveAfter = 20 * time.Second // of silence, a byte keeps the mapping of a NAT (RFC 3948, section 4)
	maxMessage     = 16 << 10         // bytes of an IKE message; longer ones are dropped
	maxDatagram    = 64 << 10
	spiLen         = 8 // of IKE; the initiator's begins each message
)

// An ikeSA drives the machine of one IKE security association: it has the socket, the
// clock and the children.
type ikeSA struct {
	e      *Enforcer
	key    saKey
	socket socket
	ended  chan struct{} // closed when the socket is not read any more

	refs int // guarded by Enforcer.mu: children that use it

	mu          sync.Mutex
	machine     ike.Machine // guarded by mu, as what follows
	established ike.Established
	children    map[int]*child
	bySPI       map[uint32]*child // of what they receive by
	opened      int               // children so far
	down        bool              // it takes no more children
	closed      bool
	timer       *time.Timer           // for Tick
	keepalive   *time.Timer           // nil: nothing was sent to the port of NAT traversal yet
	sent        time.Time             // when something was last sent to that port
	sendErr     error                 // why the last IKE message could not be sent
	spis        map[[spiLen]byte]bool // SPIs of the initiator in what was sent
	rate        rate                  // of datagrams with one of spis
	strangers   rate                  // of others
	scratch     []byte                // of the reader alone: a packet that is put together
}

func newIKESA(e *Enforcer, key saKey, m ike.Machine, s socket) *ikeSA {
	sa := &ikeSA{
		e: e, key: key, machine: m, socket: s, ended: make(chan struct{}),
		children: map[int]*child{}, bySPI: map[uint32]*child{}, spis: map[[spiLen]byte]bool{},
	}
	sa.timer = time.AfterFunc(time.Hour, sa.tick)
	sa.timer.Stop()
	go sa.read()
	return sa
}

// open asks for the security associations of a child; false: the IKE security
// association is over.
func (sa *ikeSA) open(c *child) bool {
	sa.mu.Lock()
	defer sa.mu.Unlock()
	if sa.down {
		return false
	}
	sa.opened++
	c.sa, c.id = sa, sa.opened
	sa.children[c.id] = c
	sa.apply(sa.machine.Open(time.Now(), c.id, c.want))
	return true
}

// drop ends a child: the peer is told.
func (sa *ikeSA) drop(c *child) {
	sa.mu.Lock()
	defer sa.mu.Unlock()
	if sa.children[c.id] != c || sa.closed {
		return
	}
	delete(sa.children, c.id)
	for spi, other := range sa.bySPI {
		if other == c {
			delete(sa.bySPI, spi)
		}
	}
	sa.apply(sa.machine.Drop(time.Now(), c.id))
}

// rekey renews the security associations of a child.
func (sa *ikeSA) rekey(c *child) {
	sa.mu.Lock()
	defer sa.mu.Unlock()
	if sa.children[c.id] == c && !sa.closed {
		sa.apply(sa.machine.Rekey(time.Now(), c.id))
	}
}

// reason returns what the negotiation of a child has run into so far.
func (sa *ikeSA) reason(c *child) (*ike.Failure, error) {
	sa.mu.Lock()
	defer sa.mu.Unlock()
	return sa.machine.Reason(c.id), sa.sendErr
}

// close tells the peer that all is over, and ends the socket.
func (sa *ikeSA) close() {
	sa.mu.Lock()
	sa.closed = true
	sa.timer.Stop()
	if sa.keepalive != nil {
		sa.keepalive.Stop()
	}
	for _, d := range sa.machine.Close(time.Now()).Send {
		sa.sendIKE(d)
	}
	sa.mu.Unlock()
	_ = sa.socket.Close()
	<-sa.ended
}

func (sa *ikeSA) tick() {
	sa.mu.Lock()
	defer sa.mu.Unlock()
	if !sa.closed {
		sa.apply(sa.machine.Tick(time.Now()))
	}
}

// apply does what the machine wants done. sa.mu is held.
func (sa *ikeSA) apply(out ike.Output) {
	for _, d := range out.Send {
		sa.sendIKE(d)
	}
	for _, event := range out.Events {
		sa.handle(event)
	}
	sa.timer.Stop()
	if !out.Next.IsZero() && !sa.closed {
		sa.timer.Reset(max(0, time.Until(out.Next)))
	}
}

// handle takes what the machine tells. sa.mu is held.
func (sa *ikeSA) handle(event ike.Event) {
	switch e := event.(type) {
	case ike.Established:
		sa.established = e
	case ike.ChildUp:
		c := sa.children[e.Child]
		if c == nil {
			e.In.Key.Wipe()
			e.Out.Key.Wipe()
			return
		}
		sa.bySPI[e.In.SPI] = c
		c.up(e, sa.established)
	case ike.ChildExpired:
		delete(sa.bySPI, e.SPI)
		if c := sa.children[e.Child]; c != nil {
			c.expire(e.SPI)
		}
	case ike.ChildDown:
		if c := sa.children[e.Child]; c != nil {
			c.down(e.Err)
		}
	case ike.Down:
		sa.down = true
		sa.e.forget(sa)
		for _, c := range sa.children {
			c.fail(e.Err)
		}
	}
}

// sendIKE sends an IKE message. sa.mu is held.
func (sa *ikeSA) sendIKE(d ike.Datagram) {
	data := d.Data
	if len(data) >= spiLen {
		sa.spis[[spiLen]byte(data)] = true
	}
	if d.Port == ike.NATTPort {
		data = append(make([]byte, 4, 4+len(data)), data...) // the non-ESP marker (RFC 3948, section 2.2)
		sa.spoke()
	}
	_, sa.sendErr = sa.socket.WriteToUDPAddrPort(data, netip.AddrPortFrom(sa.key.peer, d.Port))
}

// sendESP sends a packet of ESP.
func (sa *ikeSA) sendESP(packet []byte) error {
	_, err := sa.socket.WriteToUDPAddrPort(packet, netip.AddrPortFrom(sa.key.peer, ike.NATTPort))
	return err
}

// spoke notes that something was sent to the port of NAT traversal. sa.mu is held.
func (sa *ikeSA) spoke() {
	sa.sent = time.Now()
	if sa.keepalive == nil && !sa.closed {
		sa.keepalive = time.AfterFunc(keepaliveAfter, sa.keepAlive)
	}
}

// keepAlive sends a byte after a silence.
func (sa *ikeSA) keepAlive() {
	sa.mu.Lock()
	defer sa.mu.Unlock()
	if sa.closed {
		return
	}
	last := sa.sent
	for _, c := range sa.children {
		if t := c.lastSent(); t.After(last) {
			last = t
		}
	}
	wait := keepaliveAfter - time.Since(last)
	if wait <= 0 {
		_ = sa.sendESP([]byte{0xff})
		sa.sent, wait = time.Now(), keepaliveAfter
	}
	sa.keepalive.Reset(wait)
}

// read takes datagrams until the socket is closed.
func (sa *ikeSA) read() {
	defer close(sa.ended)
	b := make([]byte, maxDatagram)
	for {
		n, from, err := sa.socket.ReadFromUDPAddrPort(b)
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil:
			time.Sleep(time.Millisecond) // Windows tells here that a datagram was refused
		case from.Addr().Unmap() == sa.key.peer:
			sa.receive(from.Port(), b[:n])
		}
	}
}
