package ipsec_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/go-iscsi/discovery/test/ipsec/job"
	"github.com/go-iscsi/discovery/test/netns"
)

// The header of IKE (RFC 2408, section 3.1).
const (
	isakmpLen       = 28
	isakmpNext      = 16 // the first payload
	isakmpExchange  = 18
	isakmpFlags     = 19
	isakmpMessageID = 20
	isakmpLength    = 24

	payloadHash   = 8
	informational = 5
	encrypted     = 1
)

// A meddler is on the path between this host and a charon: it passes on what it
// gets, but for the first message that is encrypted, in place of which it
// answers with one that cannot be read.
type meddler struct {
	peer    netip.Addr
	meddled atomic.Bool
}

// testGarbled (issue 13, 34): a process on the path garbles one message and drops
// another, and the negotiation comes to its end.
func (h *hostCharon) testGarbled(t *testing.T) {
	w := newWorld(t, false)
	behind := netns.New(t)
	const cable = "behind"
	netns.Connect(t, w.target, cable, behind, cable)
	near, far := netip.MustParseAddr("10.78.0.1"), netip.MustParseAddr("10.78.0.2")
	w.target.AddAddress(t, cable, netip.PrefixFrom(near, 24))
	behind.AddAddress(t, cable, netip.PrefixFrom(far, 24))
	peer := startCharon(t, behind)
	text := connection("peer", far.String(), near.String(), false, mode(job.MainTransport), hostKey)
	// For this host the meddler is the peer, and the other way round.
	text = strings.Replace(text, "local { auth = psk\n", "local { auth = psk\nid = "+w.portal.Addr().String()+"\n", 1)
	text = strings.Replace(text, "remote { auth = psk\n", "remote { auth = psk\nid = "+w.source.String()+"\n", 1)
	peer.load(t, text)
	m := &meddler{peer: far}
	for _, port := range []uint16{500, 4500} {
		m.pass(t, w.target, netip.AddrPortFrom(w.portal.Addr(), port))
	}
	before := len(h.log(t))
	j := h.job(w, job.MainTransport)
	r := j.Run(t.Context())
	log := h.log(t)[before:]
	if !m.meddled.Load() || !strings.Contains(log, "could not decrypt payloads") || !strings.Contains(log, "sending retransmit") {
		t.Errorf("it was not meddled with: %s", log)
	}
	if r.WrongKey || !strings.Contains(log, "established between") {
		t.Errorf("got %q; want the association for IKE: %s", r.Error, log)
	}
	h.wantClean(t)
}

// pass passes messages on between the senders to an address and the peer.
func (m *meddler) pass(t *testing.T, n *netns.Namespace, at netip.AddrPort) {
	t.Helper()
	var front net.PacketConn
	var back net.Conn
	err := n.Do(func() (err error) {
		if front, err = new(net.ListenConfig).ListenPacket(context.Background(), "udp", at.String()); err != nil {
			return err
		}
		back, err = net.Dial("udp", netip.AddrPortFrom(m.peer, at.Port()).String())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		front.Close()
		back.Close()
	})
	var from atomic.Value // the sender that answers are for
	go func() {
		b := make([]byte, 1<<16)
		for {
			n, addr, err := front.ReadFrom(b)
			if err != nil {
				return
			}
			from.Store(addr)
			marker := 0
			if at.Port() == 4500 && bytes.HasPrefix(b[:n], make([]byte, 4)) {
				marker = 4 // of what is not ESP (RFC 3948, section 2.2)
			}
			if n >= marker+isakmpLen && b[marker+isakmpFlags]&encrypted != 0 && m.meddled.CompareAndSwap(false, true) {
				_, _ = front.WriteTo(append(make([]byte, marker), garbled(b[marker:])...), addr)
				continue
			}
			_, _ = back.Write(b[:n])
		}
	}()
	go func() {
		b := make([]byte, 1<<16)
		for {
			n, err := back.Read(b)
			if err != nil {
				return
			}
			if addr, ok := from.Load().(net.Addr); ok {
				_, _ = front.WriteTo(b[:n], addr)
			}
		}
	}()
}

// garbled returns a message of the association of another, under no key that
// either end has.
func garbled(header []byte) []byte {
	const body = 64
	m := make([]byte, isakmpLen+body)
	_, _ = rand.Read(m[isakmpMessageID:])
	copy(m, header[:isakmpNext])
	m[isakmpNext], m[isakmpNext+1], m[isakmpExchange], m[isakmpFlags] = payloadHash, 0x10, informational, encrypted
	copy(m[isakmpLength:], []byte{0, 0, 0, isakmpLen + body})
	return m
}
