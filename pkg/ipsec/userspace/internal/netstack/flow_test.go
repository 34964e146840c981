package netstack

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"testing"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
)

func segment(f Flow, data string) []byte {
	s := append(make([]byte, 20), data...)
	binary.BigEndian.PutUint16(s, f.From.Port())
	binary.BigEndian.PutUint16(s[2:], f.To.Port())
	s[12] = 5 << 4
	s[16], s[17] = 0xde, 0xad // of other addresses
	return s
}

// TestAppendPacket: header and checksum are those that the stack computes.
func TestAppendPacket(t *testing.T) {
	t.Parallel()
	for _, f := range []Flow{{far4, near4}, {far6, near6}} {
		for _, data := range []string{"", "a", "ab", "abc", "abcd"} {
			p, ok := f.AppendPacket(nil, segment(f, data))
			if !ok {
				t.Fatal("not ok")
			}
			cut, n, ok := f.Segment(append(bytes.Clone(p), "padding"...))
			if !ok || !bytes.Equal(cut, p) {
				t.Errorf("%s %q: got % x, %t", f.From, data, cut, ok)
			}
			from, to := tcpip.AddrFromSlice(f.From.Addr().AsSlice()), tcpip.AddrFromSlice(f.To.Addr().AsSlice())
			tcp := header.TCP(p[n:])
			if !tcp.IsChecksumValid(from, to, 0, 0) == (len(data) == 0) {
				t.Errorf("%s %q: the checksum is wrong", f.From, data)
			}
			if n == 20 && !header.IPv4(p).IsChecksumValid() {
				t.Errorf("%s: the checksum of the header is wrong", f.From)
			}
			if _, _, ok := f.Reverse().Segment(p); ok {
				t.Errorf("%s: it is one of the other direction", f.From)
			}
		}
	}
}

// TestNoSegment: what is no whole segment of the flow.
func TestNoSegment(t *testing.T) {
	t.Parallel()
	for _, f := range []Flow{{far4, near4}, {far6, near6}} {
		whole, _ := f.AppendPacket(nil, segment(f, "data"))
		for n := range whole {
			if _, _, ok := f.Segment(whole[:n]); ok {
				t.Errorf("%s: the first %d bytes are a segment", f.From, n)
			}
		}
		for name, change := range map[string]func(p []byte){
			"protocol":    func(p []byte) { p[map[bool]int{true: 9, false: 6}[f.From.Addr().Is4()]] = 17 },
			"version":     func(p []byte) { p[0] ^= 0xf0 },
			"source":      func(p []byte) { p[15]++ },
			"source port": func(p []byte) { p[len(p)-24]++ },
			"dest port":   func(p []byte) { p[len(p)-21]++ },
			"destination": func(p []byte) { p[len(p)-25]++ },
		} {
			p := bytes.Clone(whole)
			if change(p); func() bool { _, _, ok := f.Segment(p); return ok }() {
				t.Errorf("%s, %s: it is a segment", f.From, name)
			}
		}
	}
	f := Flow{far4, near4}
	whole, _ := f.AppendPacket(nil, segment(f, "data"))
	for name, at := range map[string][2]byte{"more fragments": {6, 0x20}, "a later fragment": {7, 1}, "a short header": {0, 0x44}, "a header beyond the packet": {0, 0x4f}} {
		p := bytes.Clone(whole)
		p[at[0]] = at[1]
		if _, _, ok := f.Segment(p); ok {
			t.Errorf("%s: it is a segment", name)
		}
	}
	if _, ok := f.AppendPacket(nil, segment(Flow{far4, netip.AddrPortFrom(near4.Addr(), 1)}, "")); ok {
		t.Error("a segment with another port")
	}
	if _, ok := f.AppendPacket(nil, make([]byte, 1<<16)); ok {
		t.Error("a segment that is too long")
	}
}

// FuzzInnerPacket: whatever a peer encrypts, what is passed on is a segment of the flow.
func FuzzInnerPacket(f *testing.F) {
	for _, flow := range []Flow{{far4, near4}, {far6, near6}} {
		p, _ := flow.AppendPacket(nil, segment(flow, "data"))
		f.Add(p)
		f.Add(segment(flow, "data"))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, flow := range []Flow{{far4, near4}, {far6, near6}} {
			cut, n, ok := flow.Segment(b)
			if ok && (len(cut) > len(b) || n+tcpMinLen > len(cut) || !flow.hasPorts(cut[n:])) {
				t.Errorf("got %d bytes with a header of %d: % x", len(cut), n, b)
			}
			p, ok := flow.AppendPacket(nil, b)
			if _, _, again := flow.Segment(p); ok != again {
				t.Errorf("appended %t, a segment %t: % x", ok, again, b)
			}
		}
	})
}
