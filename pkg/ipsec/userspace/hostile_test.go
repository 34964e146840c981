package userspace

import (
	"bytes"
	"errors"
	"net/netip"
	"testing"
	"testing/synctest"

	"github.com/go-iscsi/discovery/internal/esp"
	"github.com/go-iscsi/discovery/internal/ike"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
	"github.com/go-iscsi/discovery/pkg/ipsec/userspace/internal/netstack"
)

// TestInner: of what an authenticated peer sends only whole segments of the connection are
// delivered and counted, in each mode. Nothing is answered.
func TestInner(t *testing.T) {
	t.Parallel()
	flow := netstack.Flow{From: portal4, To: netip.AddrPortFrom(source4, 40000)}
	good := tcpPacket(flow)
	change := func(at int, b byte) []byte {
		p := bytes.Clone(good)
		p[at] ^= b
		return p
	}
	for _, tt := range []struct {
		name    string
		tunnel  bool
		payload []byte
		next    uint8
		want    bool
	}{
		{"a segment", false, good[20:], esp.NextTCP, true},
		{"a segment with a checksum of other addresses", false, change(36, 0x55)[20:], esp.NextTCP, true},
		{"a segment of another port of the portal", false, change(21, 1)[20:], esp.NextTCP, false},
		{"a segment to another port of ours", false, change(23, 1)[20:], esp.NextTCP, false},
		{"a packet in transport mode", false, good, esp.NextIPv4, false},
		{"a dummy packet", false, good[20:], esp.NextNone, false},
		{"UDP", false, good[20:], 17, false},
		{"nothing", false, nil, esp.NextTCP, false},
		{"a packet", true, good, esp.NextIPv4, true},
		{"a packet with padding", true, append(bytes.Clone(good), make([]byte, 99)...), esp.NextIPv4, true},
		{"a packet from another address", true, change(15, 1), esp.NextIPv4, false},
		{"a packet to another address", true, change(19, 1), esp.NextIPv4, false},
		{"a segment in tunnel mode", true, good[20:], esp.NextTCP, false},
		{"a packet that is cut", true, good[:39], esp.NextIPv4, false},
		{"ICMP in a packet", true, change(9, 7), esp.NextIPv4, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				m := &fakeMachine{}
				sa, p := newDriven(m)
				c, sealer, _ := newUp(t, sa, m)
				c.tunnel = tt.tunnel
				var got [][]byte
				c.Receive(func(b []byte) { got = append(got, bytes.Clone(b)) })
				b, err := sealer.Seal(nil, tt.payload, tt.next)
				if err != nil {
					t.Fatal(err)
				}
				from := netip.AddrPortFrom(portal4.Addr(), 4500)
				p.in <- fakeDatagram{change2(b), from} // forged
				p.in <- fakeDatagram{b, from}
				p.in <- fakeDatagram{b, from} // replayed
				synctest.Wait()
				if (len(got) == 1) != tt.want || len(got) > 1 || tt.want && !bytes.Equal(got[0], good) {
					t.Errorf("got % x, want it delivered: %t", got, tt.want)
				}
				if counted := c.pairs[0].bytesIn > 0; counted != tt.want || len(p.sent) != 0 {
					t.Errorf("counted: %t, and %d datagrams sent", counted, len(p.sent))
				}
				if want := map[bool]uint64{true: 2, false: 3}[tt.want]; c.dropped != want {
					t.Errorf("%d were dropped, want %d", c.dropped, want)
				}
				sa.close()
			})
		})
	}
}

// change2 returns a packet whose check value is wrong.
func change2(b []byte) []byte {
	b = bytes.Clone(b)
	b[len(b)-1] ^= 1
	return b
}

// TestNotProven: a connection that is not as it was planned, or of which nothing went by
// the security associations, has no proof.
func TestNotProven(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		change func(c *child)
		pfs    bool
		want   string
	}{
		{"as planned", func(*child) {}, false, "<nil>"},
		{"nothing sent", func(c *child) { c.pairs[0].bytesOut = 0 }, false, "0 bytes were sent and 5 received under the security association: the connection did not run under it"},
		{"nothing received", func(c *child) { c.pairs[0].bytesIn = 0 }, false, "5 bytes were sent and 0 received under the security association: the connection did not run under it"},
		{"another mode", func(c *child) { c.tunnel = true }, false, `the security association has mode "tunnel", and not "transport" as planned`},
		{"another exchange", func(c *child) { c.established.Exchange = "aggressive" }, false, `the security association has exchange "aggressive", and not "main" as planned`},
		{"no PFS", func(*child) {}, true, "the security association has no perfect forward secrecy, which was planned"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := newChild(ike.Child{})
			c.established.Exchange = "main"
			c.pairs = []*espPair{{suite: suite, bytesOut: 5, bytesIn: 5}}
			tt.change(c)
			s := request(t, 0x26, 0)
			s.Plan.PFS = tt.pfs
			_, err := c.proof(&s)
			if got := text(err); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			if np := (*enforce.NotProvenError)(nil); (err != nil) != errors.As(err, &np) {
				t.Errorf("got a %T", err)
			}
		})
	}
}

func text(err error) string {
	if err == nil {
		return "<nil>"
	}
	return err.Error()
}

// TestNoPFS: security associations without the perfect forward secrecy that was planned are
// not used, whether they are the first ones or the peer's own.
func TestNoPFS(t *testing.T) {
	t.Parallel()
	with := suite
	with.Group = ike.MODP2048
	up := func(s ike.ESPSuite, spi uint32) ike.ChildUp {
		key := func() ike.Secret { return ike.NewSecret(bytes.Repeat([]byte{7}, s.KeyLen())) }
		return ike.ChildUp{Suite: s, In: ike.Association{SPI: spi, Key: key()}, Out: ike.Association{SPI: spi + 1, Key: key()}}
	}
	first := newChild(ike.Child{Suites: []ike.ESPSuite{with}})
	first.up(up(suite, 1000), ike.Established{})
	if err := (*enforce.NotProvenError)(nil); !errors.As(first.failure(), &err) || len(first.pairs) != 0 {
		t.Errorf("the first ones: got %v and %d pairs, want a *NotProvenError and none", first.failure(), len(first.pairs))
	}
	later := newChild(ike.Child{Suites: []ike.ESPSuite{with}})
	later.up(up(with, 1000), ike.Established{})
	if later.failure() != nil {
		t.Fatal(later.failure())
	}
	later.up(up(suite, 2000), ike.Established{})
	if later.loss() == nil || len(later.pairs) != 1 || later.pairs[0].sealer != nil {
		t.Errorf("the peer's own: got %v and %d pairs, want that the connection has ended", later.loss(), len(later.pairs))
	}
}
