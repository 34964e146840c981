package xfrm

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/internal/need"
	"github.com/go-iscsi/discovery/pkg/ipsec"
)

func addr(s string) netip.Addr { return netip.MustParseAddr(s) }

// little skips a test of bytes where the machine writes numbers the other way.
func little(t *testing.T) {
	t.Helper()
	if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 {
		need.Missing(t, "a machine that writes the low byte first, as the bytes here are", "run the test on amd64 or arm64")
	}
}

// TestOption: the bytes of the socket option, one part after the other.
func TestOption(t *testing.T) {
	t.Parallel()
	little(t)
	const limits = "ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff"
	zero := func(n int) string { return strings.Repeat("00", n) }
	tests := []struct {
		name   string
		hold   Hold
		dir    byte
		family uint16
		want   []string
	}{
		{
			name:   "IPv4, transport, out",
			hold:   Demand(Association{Mode: ipsec.TransportMode, Local: addr("192.0.2.1"), Remote: addr("192.0.2.10"), Reqid: 0x01020304}),
			dir:    dirOut,
			family: familyIPv4,
			want: []string{
				zero(40), "0200", zero(14), limits, zero(32), zero(32), zero(8), "01 00", zero(6),
				"c000020a", zero(16), "32", zero(3), "0200", zero(2), "c0000201", zero(12), "04030201", "00 00 00", zero(1), strings.Repeat("ff", 12),
			},
		},
		{
			name:   "IPv6, tunnel, in",
			hold:   Demand(Association{Mode: ipsec.TunnelMode, Local: addr("2001:db8::1"), Remote: addr("2001:db8::2"), Reqid: 7}),
			dir:    dirIn,
			family: familyIPv6,
			want: []string{
				zero(40), "0a00", zero(14), limits, zero(32), zero(32), zero(8), "00 00", zero(6),
				"20010db8" + zero(11) + "01", zero(4), "32", zero(3), "0a00", zero(2), "20010db8" + zero(11) + "02", "07000000", "01 00 00", zero(1), strings.Repeat("ff", 12),
			},
		},
		{
			name:   "nothing may pass",
			dir:    dirOut,
			family: familyIPv4,
			want:   []string{zero(40), "0200", zero(14), limits, zero(32), zero(32), zero(8), "01 01", zero(6)},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			want, err := hex.DecodeString(strings.ReplaceAll(strings.Join(tt.want, ""), " ", ""))
			if err != nil {
				t.Fatal(err)
			}
			if got := tt.hold.option(tt.dir, tt.family); !bytes.Equal(got, want) {
				t.Errorf("got  %x\nwant %x", got, want)
			}
		})
	}
}

func TestAssociation(t *testing.T) {
	t.Parallel()
	good := Association{Mode: ipsec.TransportMode, Local: addr("192.0.2.1"), Remote: addr("192.0.2.10"), Reqid: 1}
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*Association){
		"no mode":       func(a *Association) { a.Mode = 0 },
		"no address":    func(a *Association) { a.Local = netip.Addr{} },
		"unspecified":   func(a *Association) { a.Remote = netip.IPv4Unspecified() },
		"two families":  func(a *Association) { a.Remote = addr("2001:db8::1") },
		"mapped":        func(a *Association) { a.Local, a.Remote = addr("::ffff:192.0.2.1"), addr("::ffff:192.0.2.10") },
		"any whosoever": func(a *Association) { a.Reqid = 0 },
	} {
		a := good
		change(&a)
		if a.Validate() == nil {
			t.Errorf("%s: %+v is valid", name, a)
		}
	}
}

func TestHoldString(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		hold Hold
		want string
	}{
		{hold: Hold{}, want: "nothing may pass"},
		{hold: Demand(Association{Mode: ipsec.TunnelMode, Local: addr("192.0.2.1"), Remote: addr("192.0.2.10"), Reqid: 7}), want: "esp tunnel from 192.0.2.1 to 192.0.2.10 with reqid 7"},
		{hold: Hold{out: []template{newTemplate(ipsec.TransportMode, netip.IPv4Unspecified(), netip.IPv4Unspecified(), 0)}}, want: "esp transport"},
	} {
		if got := tt.hold.String(); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}
