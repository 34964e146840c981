//go:build linux

package uml

import (
	"net/netip"
	"slices"
	"testing"
)

// An association that has keys, one that a packet waits for, and one of an SPI that a
// daemon has reserved, as iproute2 prints them. Where there are keys, it prints a line for
// each algorithm.
const (
	inUse = `src 10.99.0.1 dst 10.99.0.3
	proto esp spi 0xe074c7cf(3765749711) reqid 16417(0x00004021) mode tunnel
	replay-window 0 seq 0x00000000 flag af-unspec (0x00100000)
	auth-trunc hmac(sha256) 0x00 (256 bits) 128
	enc cbc(aes) 0x00 (128 bits)
	encap type espinudp sport 55773 dport 4500 addr 0.0.0.0
	anti-replay context: seq 0x0, oseq 0x0, bitmap 0x00000000
	lifetime current:
	  656(bytes), 7(packets)
	  add 2026-11-30 08:01:51 use 2026-11-30 08:01:51
`
	combined = `src fd99::3 dst fd99::1
	proto esp spi 0x21bfb3a8(566211496) reqid 16417(0x00004021) mode transport
	aead rfc4106(gcm(aes)) 0x00 (288 bits) 128
	lifetime current:
	  0(bytes), 0(packets)
`
	waiting = `src fd99::3 dst fd99::1
	proto esp spi 0x00000000(0) reqid 0(0x00000000) mode transport
	replay-window 0 seq 0x00000003 flag  (0x00000000)
	sel src fd99::3/128 dst fd99::1/128 proto tcp sport 3260 dport 40233 uid 0
	lifetime current:
	  0(bytes), 0(packets)
`
	reserved = `src fd99::1 dst fd99::3
	proto esp spi 0x516b3b75(1365982069) reqid 16477(0x0000405d) mode transport
	replay-window 0 seq 0x00000000 flag  (0x00000000)
	sel src fd99::1/128 dst fd99::3/128 uid 0
	lifetime current:
	  0(bytes), 0(packets)
`
)

func TestSAs(t *testing.T) {
	t.Parallel()
	addr := netip.MustParseAddr
	for _, c := range []struct {
		name, text string
		want       []SA
	}{
		{"none", "", nil},
		{"in use", inUse, []SA{{Source: addr("10.99.0.1"), Destination: addr("10.99.0.3"), SPI: 0xe074c7cf, Mode: "tunnel", Encap: true, Bytes: 656, Packets: 7}}},
		{"not in use yet", combined, []SA{{Source: addr("fd99::3"), Destination: addr("fd99::1"), SPI: 0x21bfb3a8, Mode: "transport"}}},
		{"a packet waits", waiting, nil},
		{"a reserved SPI", reserved, nil},
		{"between others", waiting + combined + reserved, []SA{{Source: addr("fd99::3"), Destination: addr("fd99::1"), SPI: 0x21bfb3a8, Mode: "transport"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got, err := parseSAs(c.text); err != nil || !slices.Equal(got, c.want) {
				t.Errorf("got %+v, %v, want %+v", got, err, c.want)
			}
		})
	}
}
