package userspace

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"net"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-iscsi/discovery/internal/esp"
	"github.com/go-iscsi/discovery/internal/ike"
	"github.com/go-iscsi/discovery/pkg/ipsec/userspace/internal/netstack"
)

// A fakeMachine notes how it is called, and does as the test says.
type fakeMachine struct {
	mu       sync.Mutex
	ticks    []time.Duration // guarded by mu, as the following: since began
	received []ike.Datagram
	rekeyed  int
	began    time.Time
	opened   ike.Output // of Open
	next     time.Time  // of Receive
}

func (m *fakeMachine) Open(time.Time, int, ike.Child) ike.Output { return m.opened }

func (m *fakeMachine) Receive(_ time.Time, d ike.Datagram) ike.Output {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.received = append(m.received, d)
	return ike.Output{Next: m.next}
}

func (m *fakeMachine) Tick(now time.Time) ike.Output {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ticks = append(m.ticks, now.Sub(m.began))
	if len(m.ticks) == 3 {
		return ike.Output{}
	}
	return ike.Output{Next: now.Add(time.Second)}
}

func (m *fakeMachine) Rekey(time.Time, int) ike.Output {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.rekeyed++
	return ike.Output{}
}

func (m *fakeMachine) Drop(time.Time, int) ike.Output { return ike.Output{} }

func (m *fakeMachine) Close(time.Time) ike.Output {
	return ike.Output{Send: []ike.Datagram{{Port: ike.NATTPort, Data: []byte("delete")}}}
}

func (m *fakeMachine) Reason(int) *ike.Failure { return &ike.Failure{Cause: ike.Silent} }

// A pipe is a socket of which the test has the other end.
type pipe struct {
	in     chan fakeDatagram
	closed chan struct{}

	mu   sync.Mutex
	sent []fakeDatagram // guarded by mu; from is where it went
	at   []time.Time    // guarded by mu
}

func (p *pipe) ReadFromUDPAddrPort(b []byte) (int, netip.AddrPort, error) {
	select {
	case d := <-p.in:
		return copy(b, d.b), d.from, nil
	case <-p.closed:
		return 0, netip.AddrPort{}, net.ErrClosed
	}
}

func (p *pipe) WriteToUDPAddrPort(b []byte, to netip.AddrPort) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sent, p.at = append(p.sent, fakeDatagram{bytes.Clone(b), to}), append(p.at, time.Now())
	return len(b), nil
}

func (p *pipe) Close() error {
	close(p.closed)
	return nil
}

// newDriven returns an IKE security association with a fake machine, and its socket.
func newDriven(m *fakeMachine) (*ikeSA, *pipe) {
	p := &pipe{in: make(chan fakeDatagram), closed: make(chan struct{})}
	m.began = time.Now()
	return newIKESA(&Enforcer{}, saKey{pair: pair{source4, portal4.Addr()}}, m, p), p
}

var suite = ike.ESPSuite{Encryption: ike.AESGCM16, Bits: 128}

// newUp returns a child that is up, in transport mode, and the peer's ends of its
// security associations.
func newUp(t testing.TB, sa *ikeSA, m *fakeMachine) (*child, *esp.Sealer, *esp.Opener) {
	t.Helper()
	key := func() ike.Secret { return ike.NewSecret(bytes.Repeat([]byte{7}, suite.KeyLen())) }
	c := newChild(ike.Child{Local: netip.AddrPortFrom(source4, 40000), Portal: portal4})
	m.opened = ike.Output{Events: []ike.Event{
		ike.Established{Exchange: "main"},
		ike.ChildUp{Child: 1, Suite: suite, In: ike.Association{SPI: 1000, Key: key()}, Out: ike.Association{SPI: 2000, Key: key()}},
	}}
	if !sa.open(c) {
		t.Fatal("not open")
	}
	<-c.settled
	sealer, err1 := esp.NewSealer(esp.Config{SPI: 1000, Suite: suite, Key: key()}, rand.Reader)
	opener, err2 := esp.NewOpener(esp.Config{SPI: 2000, Suite: suite, Key: key()})
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	return c, sealer, opener
}

func tcpPacket(f netstack.Flow) []byte {
	s := make([]byte, 20)
	binary.BigEndian.PutUint16(s, f.From.Port())
	binary.BigEndian.PutUint16(s[2:], f.To.Port())
	p, _ := f.AppendPacket(nil, s)
	return p
}

// TestTimer: Tick is called when the machine says, and no more when it wants nothing.
func TestTimer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := &fakeMachine{opened: ike.Output{Next: time.Now().Add(250 * time.Millisecond)}}
		sa, p := newDriven(m)
		sa.open(newChild(ike.Child{}))
		time.Sleep(time.Minute)
		synctest.Wait()
		want := []time.Duration{250 * time.Millisecond, 1250 * time.Millisecond, 2250 * time.Millisecond}
		if len(m.ticks) != 3 || m.ticks[0] != want[0] || m.ticks[1] != want[1] || m.ticks[2] != want[2] {
			t.Errorf("got %v, want %v", m.ticks, want)
		}
		sa.close()
		if len(p.sent) == 0 || string(p.sent[len(p.sent)-1].b) != "\x00\x00\x00\x00delete" {
			t.Errorf("got %v, want the deletes with the marker", p.sent)
		}
	})
}

// TestDemultiplexed: what comes goes to the machine or to a child by port and marker, and
// what is not the peer's goes nowhere.
func TestDemultiplexed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := &fakeMachine{}
		sa, p := newDriven(m)
		peer, other := portal4.Addr(), netip.MustParseAddr("192.0.2.11")
		for _, d := range []fakeDatagram{
			{[]byte("from 500"), netip.AddrPortFrom(peer, 500)},
			{[]byte("\x00\x00\x00\x00from 4500"), netip.AddrPortFrom(peer, 4500)},
			{[]byte("\x00\x00\x00\x00from another port"), netip.AddrPortFrom(peer, 4501)},
			{[]byte("from another address"), netip.AddrPortFrom(other, 500)},
			{[]byte("\x00\x00\x00\x00from another address"), netip.AddrPortFrom(other, 4500)},
			{[]byte{0xff}, netip.AddrPortFrom(peer, 4500)},
			{nil, netip.AddrPortFrom(peer, 4500)},
			{[]byte("\x12\x34\x56\x78of no security association"), netip.AddrPortFrom(peer, 4500)},
			{make([]byte, maxMessage+1), netip.AddrPortFrom(peer, 500)},
		} {
			p.in <- d
		}
		synctest.Wait()
		if len(m.received) != 2 || string(m.received[0].Data) != "from 500" || string(m.received[1].Data) != "from 4500" || m.received[1].Port != 4500 {
			t.Errorf("got %v", m.received)
		}
		if len(p.sent) != 0 {
			t.Errorf("%d datagrams were sent for it", len(p.sent))
		}
		sa.close()
	})
}

// TestFlood: of what comes within a second the machine sees so much, and no more. What has an
// SPI that was not sent does not keep out what has one that was.
func TestFlood(t *testing.T) {
	t.Parallel()
	const most = 1000 // as docs/security.md has it
	synctest.Test(t, func(t *testing.T) {
		m := &fakeMachine{}
		sa, p := newDriven(m)
		for range 3 * most {
			p.in <- fakeDatagram{[]byte("a flood"), netip.AddrPortFrom(portal4.Addr(), 500)}
			p.in <- fakeDatagram{[]byte("a flood of a stranger"), netip.AddrPortFrom(portal4.Addr(), 500)}
		}
		synctest.Wait()
		if len(m.received) != most {
			t.Errorf("got %d, want %d", len(m.received), most)
		}
		sa.mu.Lock()
		sa.sendIKE(ike.Datagram{Port: 500, Data: []byte("our SPI, and a message")})
		sa.mu.Unlock()
		p.in <- fakeDatagram{[]byte("our SPI, and an answer"), netip.AddrPortFrom(portal4.Addr(), 500)}
		synctest.Wait()
		if len(m.received) != most+1 {
			t.Errorf("a flood of a stranger keeps the peer's answer out")
		}
		time.Sleep(time.Second)
		synctest.Wait()
		p.in <- fakeDatagram{[]byte("a stranger"), netip.AddrPortFrom(portal4.Addr(), 500)}
		synctest.Wait()
		if len(m.received) != most+2 {
			t.Errorf("got %d, want one more", len(m.received))
		}
		sa.close()
	})
}

// TestFirstPacket: the first packet is sealed anew until the peer has answered, and no
// more than six times.
func TestFirstPacket(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		answer time.Duration // 0: none
		want   int           // packets
	}{{"no answer", 0, 7}, {"an answer", 75 * time.Millisecond, 4}} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				m := &fakeMachine{}
				sa, p := newDriven(m)
				c, sealer, opener := newUp(t, sa, m)
				delivered := 0
				c.Receive(func([]byte) { delivered++ })
				if err := c.Send(tcpPacket(c.flow)); err != nil {
					t.Fatal(err)
				}
				if tt.answer > 0 {
					time.Sleep(tt.answer)
					synctest.Wait()
					b, err := sealer.Seal(nil, tcpPacket(c.flow.Reverse())[20:], esp.NextTCP)
					if err != nil {
						t.Fatal(err)
					}
					p.in <- fakeDatagram{b, netip.AddrPortFrom(portal4.Addr(), 4500)}
				}
				time.Sleep(10 * time.Second)
				synctest.Wait()
				if len(p.sent) != tt.want || (delivered > 0) != (tt.answer > 0) {
					t.Errorf("got %d packets, %d delivered; want %d", len(p.sent), delivered, tt.want)
				}
				for i, d := range p.sent {
					if _, _, err := opener.Open(d.b); err != nil || d.from.Port() != 4500 {
						t.Errorf("packet %d to %s: %v, want one with a sequence number of its own", i, d.from, err)
					}
				}
				sa.close()
			})
		})
	}
}

// TestKeepalive: after 20 seconds in which nothing was sent to the port of NAT traversal a
// byte is.
func TestKeepalive(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := &fakeMachine{}
		sa, p := newDriven(m)
		m.opened.Send = []ike.Datagram{{Port: ike.Port, Data: []byte("x")}}
		sa.open(newChild(ike.Child{}))
		time.Sleep(time.Minute)
		synctest.Wait()
		if len(p.sent) != 1 {
			t.Errorf("%d datagrams before the port of NAT traversal was used, want one", len(p.sent))
		}
		m.opened.Send = []ike.Datagram{{Port: ike.NATTPort, Data: []byte("x")}}
		sa.open(newChild(ike.Child{}))
		began := time.Now()
		time.Sleep(50 * time.Second)
		synctest.Wait()
		if len(p.sent) != 4 || string(p.sent[2].b) != "\xff" || p.at[2].Sub(began) != 20*time.Second || p.at[3].Sub(began) != 40*time.Second {
			t.Errorf("got %v at %v", p.sent, p.at)
		}
		sa.close()
	})
}
