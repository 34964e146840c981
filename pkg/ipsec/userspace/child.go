package userspace

import (
	"errors"
	"slices"
	"sync"
	"time"

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
	switch {
	case err != nil:
	case e.Tunnel != c.want.Tunnel:
		err = &ike.Failure{Cause: ike.Selectors}
	case c.wantsPFS() && e.Suite.Group == 0:
		err = &enforce.NotProvenError{Reason: noPFS}
	}
	if err != nil {
		if pair != nil {
			pair.wipe()
		}
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

// wantsPFS reports whether each suite that is offered has perfect forward secrecy.
func (c *child) wantsPFS() bool {
	return len(c.want.Suites) > 0 && !slices.ContainsFunc(c.want.Suites, func(s ike.ESPSuite) bool { return s.Group == 0 })
}

// noPFS is said of security associations whose keys are not those of an exchange of their
// own.
const noPFS = "the security association has no perfect forward secrecy, which was planned"

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
