package userspace

import (
	"encoding/binary"
	"net"
	"net/netip"
	"sync"
	"testing"

	"github.com/go-iscsi/discovery/internal/esp"
	"github.com/go-iscsi/discovery/internal/ike"
	"github.com/go-iscsi/discovery/pkg/ipsec/userspace/internal/netstack"
)

// generated is how many bytes each segment of a generator carries: a full packet of
// DefaultMTU.
const generated = DefaultMTU - 40

// A generator is a socket whose peer accepts a connection and then sends as much as the
// window lets it, for ever. It allocates nothing for a packet, so that what a test counts
// is the enforcer's and the stack's. It is for one connection, in transport mode over IPv4.
type generator struct {
	sealer *esp.Sealer // of what the peer sends
	opener *esp.Opener
	in     netstack.Flow // from the peer

	mu          sync.Mutex
	changed     *sync.Cond // for what follows
	sequence    uint32     // of what is sent next
	limit       uint32     // the end of the window
	next        uint32     // what is due from the other end; 0: no connection was asked for
	syn, closed bool
	segment     [20 + generated]byte
	came        [2 * DefaultMTU]byte
}

func newGenerator() *generator {
	g := &generator{}
	g.changed = sync.NewCond(&g.mu)
	return g
}

// ReadFromUDPAddrPort returns the next packet, when it may be sent.
func (g *generator) ReadFromUDPAddrPort(b []byte) (int, netip.AddrPort, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for !g.closed && !g.syn && int32(g.limit-g.sequence) < generated {
		g.changed.Wait()
	}
	if g.closed {
		return 0, netip.AddrPort{}, net.ErrClosed
	}
	const syn, ack = 1 << 1, 1 << 4
	s, flags, more := g.segment[:], byte(ack), uint32(generated)
	if g.syn {
		s, flags, more = s[:20], syn|ack, 1
		g.syn = false
	}
	binary.BigEndian.PutUint16(s, g.in.From.Port())
	binary.BigEndian.PutUint16(s[2:], g.in.To.Port())
	binary.BigEndian.PutUint32(s[4:], g.sequence)
	binary.BigEndian.PutUint32(s[8:], g.next)
	s[12], s[13] = 5<<4, flags
	binary.BigEndian.PutUint16(s[14:], 1<<16-1)
	g.sequence += more
	out, err := g.sealer.Seal(b[:0], s, esp.NextTCP)
	return len(out), netip.AddrPortFrom(portal4.Addr(), ike.NATTPort), err
}

// WriteToUDPAddrPort takes a packet.
func (g *generator) WriteToUDPAddrPort(b []byte, _ netip.AddrPort) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	s, _, err := g.opener.Open(g.came[:copy(g.came[:], b)])
	if err != nil {
		return len(b), nil // a message of IKE
	}
	switch limit := binary.BigEndian.Uint32(s[8:]) + uint32(binary.BigEndian.Uint16(s[14:])); {
	case s[13]&(1<<1) == 0:
		g.limit += uint32(max(0, int32(limit-g.limit))) // two goroutines send: an older one may come later
	case g.next == 0: // not a repetition, since nothing is lost
		g.syn, g.next = true, binary.BigEndian.Uint32(s[4:])+1
	}
	g.changed.Signal()
	return len(b), nil
}

// Close implements socket.
func (g *generator) Close() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = true
	g.changed.Signal()
	return nil
}

// connectGenerator returns a connection to a generator.
func connectGenerator(t testing.TB) net.Conn {
	t.Helper()
	m, g := &fakeMachine{}, newGenerator()
	sa := newIKESA(&Enforcer{}, saKey{pair: pair{source4, portal4.Addr()}}, m, g)
	c, sealer, opener := newUp(t, sa, m)
	g.sealer, g.opener, g.in = sealer, opener, c.flow.Reverse()
	nc, err := sa.e.overESP(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = nc.Close()
		c.stop()
		sa.close()
	})
	return nc
}
