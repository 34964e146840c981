package wire

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
)

var (
	here4, there4 = netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	here6, there6 = netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("2001:db8::2")
	elsewhere     = netip.MustParseAddr("192.0.2.3")
)

// frame returns an Ethernet frame with an IP packet.
func frame(t *testing.T, from, to netip.Addr, next layers.IPProtocol, above ...gopacket.SerializableLayer) []byte {
	t.Helper()
	ether := &layers.Ethernet{SrcMAC: make([]byte, 6), DstMAC: make([]byte, 6), EthernetType: layers.EthernetTypeIPv4}
	var ip gopacket.SerializableLayer = &layers.IPv4{Version: 4, TTL: 64, Protocol: next, SrcIP: from.AsSlice(), DstIP: to.AsSlice()}
	if from.Is6() {
		ether.EthernetType = layers.EthernetTypeIPv6
		ip = &layers.IPv6{Version: 6, HopLimit: 64, NextHeader: next, SrcIP: from.AsSlice(), DstIP: to.AsSlice()}
	}
	b := gopacket.NewSerializeBuffer()
	all := append([]gopacket.SerializableLayer{ether, ip}, above...)
	if err := gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true}, all...); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func udp(port uint16, payload ...byte) []gopacket.SerializableLayer {
	return []gopacket.SerializableLayer{&layers.UDP{SrcPort: 40000, DstPort: layers.UDPPort(port)}, gopacket.Payload(payload)}
}

// quote returns what ICMP quotes of a datagram that came from a port.
func quote(t *testing.T, from, to netip.Addr, port uint16) gopacket.Payload {
	t.Helper()
	datagram := frame(t, from, to, layers.IPProtocolUDP, &layers.UDP{SrcPort: layers.UDPPort(port), DstPort: 40000}, gopacket.Payload(make([]byte, 40)))
	return datagram[14:][:48] // without Ethernet's header, and cut
}

func TestRead(t *testing.T) {
	t.Parallel()
	esp := gopacket.Payload{0, 0, 0, 7, 0, 0, 0, 1, 9, 9, 9, 9}
	syn := &layers.TCP{SrcPort: 40000, DstPort: 3260, SYN: true}
	solicit := &layers.ICMPv6{TypeCode: layers.CreateICMPv6TypeCode(layers.ICMPv6TypeNeighborSolicitation, 0)}
	unreachable6 := &layers.ICMPv6{TypeCode: layers.CreateICMPv6TypeCode(layers.ICMPv6TypeDestinationUnreachable, layers.ICMPv6CodePortUnreachable)}
	unreachable := &layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(layers.ICMPv4TypeDestinationUnreachable, layers.ICMPv4CodePort)}
	tests := []struct {
		name  string
		frame []byte
		want  Traffic // its Clear has what the line must have in it
	}{
		{name: "ESP", frame: frame(t, here4, there4, layers.IPProtocolESP, esp), want: Traffic{ESP: 1}},
		{name: "ESP on IPv6", frame: frame(t, there6, here6, layers.IPProtocolESP, esp), want: Traffic{ESP: 1}},
		{name: "IKE", frame: frame(t, here4, there4, layers.IPProtocolUDP, udp(500, 1, 2, 3, 4, 5)...), want: Traffic{IKE: 1}},
		{name: "IKE beside ESP", frame: frame(t, here4, there4, layers.IPProtocolUDP, udp(4500, 0, 0, 0, 0, 1)...), want: Traffic{IKE: 1}},
		{name: "keepalive", frame: frame(t, here4, there4, layers.IPProtocolUDP, udp(4500, 0xff)...), want: Traffic{IKE: 1}},
		{name: "ESP in UDP", frame: frame(t, here4, there4, layers.IPProtocolUDP, udp(4500, 0, 0, 0, 7, 0, 0, 0, 1)...), want: Traffic{ESPInUDP: 1}},
		{name: "ESP in UDP on IPv6", frame: frame(t, here6, there6, layers.IPProtocolUDP, udp(4500, 0, 0, 0, 7, 0, 0, 0, 1)...), want: Traffic{ESPInUDP: 1}},
		{name: "neighbors", frame: frame(t, here6, there6, layers.IPProtocolICMPv6, solicit, gopacket.Payload(make([]byte, 20))), want: Traffic{Neighbors: 1}},

		{name: "TCP", frame: frame(t, here4, there4, layers.IPProtocolTCP, syn), want: Traffic{Clear: []string{"192.0.2.1 to 192.0.2.2: TCP port 40000 to 3260, SYN true"}}},
		{name: "TCP on IPv6", frame: frame(t, there6, here6, layers.IPProtocolTCP, syn), want: Traffic{Clear: []string{"TCP port 40000 to 3260"}}},
		{name: "TCP from elsewhere", frame: frame(t, elsewhere, there4, layers.IPProtocolTCP, syn), want: Traffic{Clear: []string{"192.0.2.3 to 192.0.2.2"}}},
		{name: "UDP", frame: frame(t, here4, there4, layers.IPProtocolUDP, udp(53, 1)...), want: Traffic{Clear: []string{"UDP"}}},
		{name: "too short for ESP", frame: frame(t, here4, there4, layers.IPProtocolUDP, udp(4500, 0, 0)...), want: Traffic{Clear: []string{"UDP"}}},
		{name: "ICMP", frame: frame(t, here4, there4, layers.IPProtocolICMPv4, unreachable), want: Traffic{Clear: []string{"ICMPv4"}}},
		{name: "ICMP about ESP in UDP", frame: frame(t, here4, there4, layers.IPProtocolICMPv4, unreachable, quote(t, there4, here4, 4500)), want: Traffic{Refused: 1}},
		{name: "ICMP about ESP in UDP, IPv6", frame: frame(t, here6, there6, layers.IPProtocolICMPv6, unreachable6, gopacket.Payload(append(make([]byte, 4), quote(t, there6, here6, 4500)...))), want: Traffic{Refused: 1}},
		{name: "ICMP about another", frame: frame(t, here4, there4, layers.IPProtocolICMPv4, unreachable, quote(t, there4, here4, 53)), want: Traffic{Clear: []string{"ICMPv4"}}},
		{name: "AH", frame: frame(t, here4, there4, layers.IPProtocolAH, gopacket.Payload(make([]byte, 24))), want: Traffic{Clear: []string{"192.0.2.1"}}},

		{name: "others", frame: frame(t, elsewhere, here4, layers.IPProtocolTCP, syn)},
		{name: "no IP", frame: make([]byte, 60)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := Read(capture(t, tt.frame), there4, there6)
			if err != nil {
				t.Fatal(err)
			}
			if len(got.Clear) == 1 && len(tt.want.Clear) == 1 && strings.Contains(got.Clear[0], tt.want.Clear[0]) {
				tt.want.Clear = got.Clear
			}
			if diff := cmp.Diff(&tt.want, got); diff != "" {
				t.Errorf("want (-) and got (+):\n%s", diff)
			}
		})
	}
}

// capture writes frames to a file.
func capture(t *testing.T, frames ...[]byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "capture.pcapng")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w, err := pcapgo.NewNgWriter(f, layers.LinkTypeEthernet)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range frames {
		info := gopacket.CaptureInfo{Timestamp: time.Unix(0, 0), CaptureLength: len(b), Length: len(b)}
		if err := w.WritePacket(info, b); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestReadFails(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{path, path + ".missing"} {
		if _, err := Read(path, there4); err == nil {
			t.Errorf("%s: got no error", path)
		}
	}
}
