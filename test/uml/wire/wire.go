// Package wire judges whether what went over a wire was protected by IPsec.
package wire

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"slices"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
)

// Ports of IKE, and of IKE and ESP together.
const (
	ikePort   = 500
	encapPort = 4500
)

// keepalive is all that a packet has that keeps a NAT's mapping (RFC 3948,
// section 2.3).
const keepalive = 0xff

// ikeMarkerLen is how many bytes of zero tell IKE from ESP on encapPort (RFC
// 3948, section 2.2).
const ikeMarkerLen = 4

// A Traffic is what went between some hosts and all others, in packets.
type Traffic struct {
	IKE       int
	ESP       int // by itself
	ESPInUDP  int
	Neighbors int // address resolution, which is never protected
	Refused   int // ICMP port unreachable by which the host answers IKE or ESP in UDP after the socket was closed, and that quotes the datagram
	// Clear are all others, a line each.
	Clear []string
}

// Protected returns how many packets were ESP.
func (t *Traffic) Protected() int { return t.ESP + t.ESPInUDP }

// Read judges all packets of a capture, in pcapng, from or to one of the
// addresses.
func Read(file string, addrs ...netip.Addr) (*Traffic, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("wire: %w", err)
	}
	defer f.Close()
	r, err := pcapgo.NewNgReader(f, pcapgo.DefaultNgReaderOptions)
	if err != nil {
		return nil, fmt.Errorf("wire: %w", err)
	}
	var t Traffic
	for n := 1; ; n++ {
		data, _, err := r.ReadPacketData()
		if errors.Is(err, io.EOF) {
			return &t, nil
		}
		if err != nil {
			return nil, fmt.Errorf("wire: packet %d: %w", n, err)
		}
		p := gopacket.NewPacket(data, r.LinkType(), gopacket.NoCopy)
		if concerns(p, addrs) {
			t.add(n, p)
		}
	}
}

// Check judges a capture as Read does. The test fails where a packet is not
// protected.
func Check(t testing.TB, file string, addrs ...netip.Addr) *Traffic {
	t.Helper()
	traffic, err := Read(file, addrs...)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range traffic.Clear {
		t.Errorf("not protected: %s", line)
	}
	return traffic
}

// concerns tells whether a packet is from or to one of the addresses.
func concerns(p gopacket.Packet, addrs []netip.Addr) bool {
	from, to := ends(p)
	return slices.Contains(addrs, from) || slices.Contains(addrs, to)
}

// ends returns where a packet is from and to; zero, where it has no address.
func ends(p gopacket.Packet) (from, to netip.Addr) {
	switch l := p.NetworkLayer().(type) {
	case *layers.IPv4:
		from, _ = netip.AddrFromSlice(l.SrcIP)
		to, _ = netip.AddrFromSlice(l.DstIP)
	case *layers.IPv6:
		from, _ = netip.AddrFromSlice(l.SrcIP)
		to, _ = netip.AddrFromSlice(l.DstIP)
	}
	return from.Unmap(), to.Unmap()
}

// add counts a packet.
func (t *Traffic) add(number int, p gopacket.Packet) {
	switch {
	case p.Layer(layers.LayerTypeIPSecESP) != nil:
		t.ESP++
	case isNeighbors(p):
		t.Neighbors++
	case t.addUDP(p):
	case isRefusal(p):
		t.Refused++
	default:
		from, to := ends(p)
		t.Clear = append(t.Clear, fmt.Sprintf("packet %d, %s to %s: %s", number, from, to, describe(p)))
	}
}

// addUDP counts a packet where it is IKE, or ESP, in UDP.
func (t *Traffic) addUDP(p gopacket.Packet) bool {
	udp, ok := p.Layer(layers.LayerTypeUDP).(*layers.UDP)
	if !ok {
		return false
	}
	on := func(port layers.UDPPort) bool { return udp.SrcPort == port || udp.DstPort == port }
	switch b := udp.Payload; {
	case on(ikePort):
		t.IKE++
	case !on(encapPort):
		return false
	case len(b) == 1 && b[0] == keepalive:
		t.IKE++
	case len(b) >= ikeMarkerLen && b[0]|b[1]|b[2]|b[3] == 0:
		t.IKE++
	case len(b) > ikeMarkerLen:
		t.ESPInUDP++
	default:
		return false
	}
	return true
}

// isNeighbors tells whether a packet is a part of neighbor discovery or of
// multicast listener discovery. ARP has no IP addresses to look at.
func isNeighbors(p gopacket.Packet) bool {
	icmp, ok := p.Layer(layers.LayerTypeICMPv6).(*layers.ICMPv6)
	if !ok {
		return false
	}
	switch icmp.TypeCode.Type() {
	case layers.ICMPv6TypeRouterSolicitation, layers.ICMPv6TypeRouterAdvertisement,
		layers.ICMPv6TypeNeighborSolicitation, layers.ICMPv6TypeNeighborAdvertisement, layers.ICMPv6TypeRedirect,
		layers.ICMPv6TypeMLDv1MulticastListenerQueryMessage, layers.ICMPv6TypeMLDv1MulticastListenerReportMessage,
		layers.ICMPv6TypeMLDv1MulticastListenerDoneMessage, layers.ICMPv6TypeMLDv2MulticastListenerReportMessageV2:
		return true
	}
	return false
}

// isRefusal tells whether a packet says of one of IKE, or of ESP in UDP, that no program has
// the port that it was sent to. That quotes nothing but what was on the wire before.
func isRefusal(p gopacket.Packet) bool {
	var quoted gopacket.Packet
	if icmp, ok := p.Layer(layers.LayerTypeICMPv4).(*layers.ICMPv4); ok &&
		icmp.TypeCode == layers.CreateICMPv4TypeCode(layers.ICMPv4TypeDestinationUnreachable, layers.ICMPv4CodePort) {
		quoted = gopacket.NewPacket(icmp.Payload, layers.LayerTypeIPv4, gopacket.NoCopy)
	} else if icmp, ok := p.Layer(layers.LayerTypeICMPv6).(*layers.ICMPv6); ok && len(icmp.Payload) > 4 &&
		icmp.TypeCode == layers.CreateICMPv6TypeCode(layers.ICMPv6TypeDestinationUnreachable, layers.ICMPv6CodePortUnreachable) {
		quoted = gopacket.NewPacket(icmp.Payload[4:], layers.LayerTypeIPv6, gopacket.NoCopy) // after four bytes of nothing
	} else {
		return false
	}
	// The quotation may end within the datagram, of which the UDP header says more.
	udp, ok := quoted.Layer(layers.LayerTypeUDP).(*layers.UDP)
	return ok && (udp.SrcPort == ikePort || udp.SrcPort == encapPort)
}

// describe says what a packet is, for who reads the test's failure.
func describe(p gopacket.Packet) string {
	switch l := p.TransportLayer().(type) {
	case *layers.TCP:
		return fmt.Sprintf("TCP port %d to %d, SYN %t, RST %t, %d bytes", l.SrcPort, l.DstPort, l.SYN, l.RST, len(l.Payload))
	case *layers.UDP:
		return fmt.Sprintf("UDP port %d to %d, %d bytes", l.SrcPort, l.DstPort, len(l.Payload))
	}
	var names []string
	for _, l := range p.Layers() {
		names = append(names, l.LayerType().String())
	}
	return fmt.Sprint(names)
}
