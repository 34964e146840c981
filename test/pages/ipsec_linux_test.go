package pages

import (
	"crypto/rand"
	"encoding/binary"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/go-iscsi/discovery/internal/esp"
	"github.com/go-iscsi/discovery/internal/ike"
	"github.com/go-iscsi/discovery/internal/iketest"
	"github.com/go-iscsi/discovery/internal/need"
)

// An ipsecPeer is what a portal's host has for IPsec: IKE of iketest, ESP in UDP, and a
// tunnel device by which the packets come to the kernel of the lab, and so to tgt. tgt sees
// them come from tunnelSource, to which the kernel answers by the device.
type ipsecPeer struct {
	portal, initiator netip.Addr
	device            *os.File
	v1, v2            iketest.Peer

	mu    sync.Mutex
	pairs map[uint32]*ipsecPair // by the SPI that the peer receives by; guarded by mu
	order []uint32              // of pairs
}

// An ipsecPair is a pair of associations.
type ipsecPair struct {
	iketest.Child
	opener *esp.Opener
	sealer *esp.Sealer
	reply  func([]byte) // to where the initiator sends from
}

// tunnelSource takes the place of the initiator's address.
var tunnelSource = netip.MustParseAddr("198.18.0.2")

const tunnel = "ipsec0"

// protect starts the peers: that of tgt at 192.0.2.10, and two that fail. All have the key
// in the file psk.
func (l *lab) protect(t *testing.T) {
	t.Helper()
	device := l.openTunnel(t)
	for _, c := range []iketest.V1Config{
		{Addr: netip.MustParseAddr("192.0.2.10")},
		{Addr: netip.MustParseAddr("203.0.113.24"), ID: ike.ParseIdentity("array.example")},
		{Addr: netip.MustParseAddr("203.0.113.25"), Suites: []ike.Suite{{Encryption: ike.AESCBC, Bits: 128, Integrity: ike.Integrity(ike.SHA1), PRF: ike.SHA1, Group: ike.MODP1024}}},
	} {
		c.Initiator, c.PSK = netip.MustParseAddr("192.0.2.2"), strings.TrimSuffix(files["psk"], "\n")
		p := &ipsecPeer{portal: c.Addr, initiator: c.Initiator, device: device, v1: iketest.NewV1(c), pairs: make(map[uint32]*ipsecPair)}
		v2 := iketest.V2Config{
			PSK: []byte(c.PSK), ID: c.ID, Client: ike.AddrIdentity(p.initiator), Suites: c.Suites,
			ESP: []ike.ESPSuite{{Encryption: ike.AESGCM16, Bits: 256}},
		}
		if v2.ID.Data == nil {
			v2.ID = ike.AddrIdentity(p.portal)
		}
		if v2.Suites == nil {
			v2.Suites = []ike.Suite{{Encryption: ike.AESCBC, Bits: 256, Integrity: ike.Integrity(ike.SHA256), PRF: ike.SHA256, Group: ike.ECP256}}
		}
		if c.ID.Data == nil && c.Suites == nil {
			go p.answer() // it alone has a portal
		}
		p.v2 = iketest.NewV2(v2)
		l.listenIKE(t, p)
	}
}

func (l *lab) listenIKE(t *testing.T, p *ipsecPeer) {
	t.Helper()
	for _, port := range []uint16{ike.Port, ike.NATTPort} {
		var conn *net.UDPConn
		err := l.array.Do(func() (err error) {
			conn, err = net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(p.portal, port)))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		go p.listen(conn, port)
	}
}

// openTunnel makes the tunnel device of the lab.
func (l *lab) openTunnel(t *testing.T) *os.File {
	t.Helper()
	fd := -1
	err := l.array.Do(func() (err error) {
		if fd, err = unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0); err != nil {
			return err
		}
		request, err := unix.NewIfreq(tunnel)
		if err != nil {
			return err
		}
		request.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
		return unix.IoctlIfreq(fd, unix.TUNSETIFF, request)
	})
	if err != nil {
		need.Missing(t, "a tunnel device ("+err.Error()+")", "modprobe tun")
	}
	device := os.NewFile(uintptr(fd), tunnel)
	t.Cleanup(func() { device.Close() })
	l.array.Up(t, tunnel)
	l.array.Sysctl(t, "net/ipv4/conf/"+tunnel+"/rp_filter", "0")
	l.ip(t, l.array, "route add "+tunnelSource.String()+" dev "+tunnel)
	return device
}

// listen takes the datagrams of one UDP port. A datagram of ESP begins with an SPI; one of
// IKE at the port for NAT traversal, with four zero bytes.
func (p *ipsecPeer) listen(conn *net.UDPConn, port uint16) {
	b := make([]byte, 1<<16)
	for {
		n, from, err := conn.ReadFromUDPAddrPort(b)
		if err != nil {
			return
		}
		d := b[:n]
		reply := func(b []byte) { _, _ = conn.WriteToUDPAddrPort(b, from) }
		switch {
		case port == ike.Port:
			p.exchange(d, port, reply)
		case len(d) > 4 && binary.BigEndian.Uint32(d) == 0:
			p.exchange(d[4:], port, func(b []byte) { reply(append(make([]byte, 4), b...)) })
		case len(d) > 4:
			p.open(d, reply)
		}
	}
}

// exchange has the peer of the message's version answer it.
func (p *ipsecPeer) exchange(message []byte, port uint16, reply func([]byte)) {
	const versionAt = 17
	if len(message) <= versionAt {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	peer := p.v1
	if message[versionAt]>>4 == 2 {
		peer = p.v2
	}
	answers := peer.Receive(time.Now(), ike.Datagram{Port: port, Data: append([]byte(nil), message...)})
	for _, c := range peer.Children() {
		if p.pairs[c.In.SPI] != nil {
			continue
		}
		opener, err1 := esp.NewOpener(esp.Config{SPI: c.In.SPI, Suite: c.Suite, Key: c.In.Key})
		sealer, err2 := esp.NewSealer(esp.Config{SPI: c.Out.SPI, Suite: c.Suite, Key: c.Out.Key}, rand.Reader)
		if err1 == nil && err2 == nil {
			p.pairs[c.In.SPI] = &ipsecPair{Child: c, opener: opener, sealer: sealer}
			p.order = append(p.order, c.In.SPI)
		}
	}
	for _, d := range answers {
		reply(d.Data)
	}
}

// open gives the kernel what came under ESP.
func (p *ipsecPeer) open(b []byte, reply func([]byte)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	pair := p.pairs[binary.BigEndian.Uint32(b)]
	if pair == nil {
		return
	}
	payload, _, err := pair.opener.Open(b)
	if err != nil {
		return
	}
	if pair.Tunnel {
		payload = payload[ipv4Header:]
	}
	pair.reply = reply
	_, _ = p.device.Write(ipv4Packet(tunnelSource, p.portal, payload))
}

// answer sends what the kernel answers, under the newest pair for its TCP port.
func (p *ipsecPeer) answer() {
	b := make([]byte, 1<<16)
	for {
		n, err := p.device.Read(b)
		if err != nil {
			return
		}
		if n > ipv4Header+4 && b[0]>>4 == 4 {
			p.seal(b[ipv4Header:n])
		}
	}
}

func (p *ipsecPeer) seal(segment []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	port := binary.BigEndian.Uint16(segment[2:])
	var newest *ipsecPair
	for _, spi := range p.order {
		if pair := p.pairs[spi]; pair.reply != nil && (pair.Initiator.Port() == port || pair.Initiator.Port() == 0) {
			newest = pair
		}
	}
	if newest == nil {
		return
	}
	packet, next := ipv4Packet(p.portal, p.initiator, segment), esp.NextIPv4
	if !newest.Tunnel {
		packet, next = packet[ipv4Header:], esp.NextTCP
	}
	if b, err := newest.sealer.Seal(nil, packet, next); err == nil {
		newest.reply(b)
	}
}

const ipv4Header = 20

// ipv4Packet returns a packet with a TCP segment and right checksums.
func ipv4Packet(from, to netip.Addr, segment []byte) []byte {
	const checksumAt = 16 // in TCP
	b := make([]byte, ipv4Header, ipv4Header+len(segment))
	b[0], b[8], b[9] = 0x45, 64, esp.NextTCP
	binary.BigEndian.PutUint16(b[2:], uint16(ipv4Header+len(segment)))
	copy(b[12:], from.AsSlice())
	copy(b[16:], to.AsSlice())
	binary.BigEndian.PutUint16(b[10:], ^sum(0, b))
	pseudo := sum(uint32(esp.NextTCP)+uint32(len(segment)), b[12:20])
	b = append(b, segment...)
	binary.BigEndian.PutUint16(b[ipv4Header+checksumAt:], 0)
	binary.BigEndian.PutUint16(b[ipv4Header+checksumAt:], ^sum(uint32(pseudo), b[ipv4Header:]))
	return b
}

// sum is the sum of RFC 1071, from a start.
func sum(start uint32, b []byte) uint16 {
	for ; len(b) > 1; b = b[2:] {
		start += uint32(binary.BigEndian.Uint16(b))
	}
	if len(b) == 1 {
		start += uint32(b[0]) << 8
	}
	for start > 0xffff {
		start = start>>16 + start&0xffff
	}
	return uint16(start)
}
