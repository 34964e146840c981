package target

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/pdu"
)

// TestParseTargetAddress: host[:port][,tag], and what is not that.
func TestParseTargetAddress(t *testing.T) {
	t.Parallel()
	const noPort, noTag, noV6 = "the TCP port is not a number from 1 to 65535", "the portal group tag is not a number from 0 to 65535", "no IPv6 address in the brackets"
	tests := []struct {
		in   string
		want Address
		bad  string
	}{
		{in: "192.0.2.1:3260,1", want: Address{Host: "192.0.2.1", Port: 3260, Group: 1}},
		{in: "192.0.2.1,1", want: Address{Host: "192.0.2.1", Port: 3260, Group: 1}},
		{in: "192.0.2.1:860,0", want: Address{Host: "192.0.2.1", Port: 860, Group: 0}},
		{in: "192.0.2.1:1", want: Address{Host: "192.0.2.1", Port: 1, Group: NoGroup}},
		{in: "192.0.2.1", want: Address{Host: "192.0.2.1", Port: 3260, Group: NoGroup}},
		{in: "192.0.2.1:65535,65535", want: Address{Host: "192.0.2.1", Port: 65535, Group: 65535}},
		{in: "[2001:db8::1]:3260,1", want: Address{Host: "2001:db8::1", Port: 3260, Group: 1}},
		{in: "[2001:DB8:0::1],1", want: Address{Host: "2001:db8::1", Port: 3260, Group: 1}},
		{in: "[::ffff:192.0.2.1]", want: Address{Host: "::ffff:192.0.2.1", Port: 3260, Group: NoGroup}},
		{in: "[fe80::1]:3260,2", want: Address{Host: "fe80::1", Port: 3260, Group: 2}},
		{in: "array.example:3260,1", want: Address{Host: "array.example", Port: 3260, Group: 1}},
		{in: "array-1.example.,1", want: Address{Host: "array-1.example.", Port: 3260, Group: 1}},
		{in: "SAN_1", want: Address{Host: "SAN_1", Port: 3260, Group: NoGroup}},
		{in: "0.0.0.0:3260,1", want: Address{Host: "0.0.0.0", Port: 3260, Group: 1}},
		{in: "192.0.2.1:3260, 1", want: Address{Host: "192.0.2.1", Port: 3260, Group: 1}}, // blanks around the tag
		{in: "192.0.2.1:3260 ,\t1 ", want: Address{Host: "192.0.2.1", Port: 3260, Group: 1}},
		{in: "[2001:db8::1]:3260 , 1 ", want: Address{Host: "2001:db8::1", Port: 3260, Group: 1}},
		{in: "192.0.2.1:3260,-1", want: Address{Host: "192.0.2.1", Port: 3260, Group: NoGroup}}, // no tag
		{in: "192.0.2.1:3260, -1", want: Address{Host: "192.0.2.1", Port: 3260, Group: NoGroup}},
		{in: "2001:db8::10:3260,1", want: Address{Host: "2001:db8::10", Port: 3260, Group: 1}}, // no brackets
		{in: "2001:db8::10:3261,1", want: Address{Host: "2001:db8::10", Port: 3261, Group: 1}}, // the portal's own port
		{in: "2001:db8:0:0:0:0:0:10:3260", want: Address{Host: "2001:db8::10", Port: 3260, Group: NoGroup}},
		{in: "fe80::1%eth0:3260,1", want: Address{Host: "fe80::1", Port: 3260, Group: 1}},
		{in: "[fe80::1%eth0],1", want: Address{Host: "fe80::1", Port: 3260, Group: 1}}, // a zone of the target's
		{in: "[fe80::1%\x1b],1", want: Address{Host: "fe80::1", Port: 3260, Group: 1}},
		{in: "[2001:db8::1%1]:3260,1", want: Address{Host: "2001:db8::1", Port: 3260, Group: 1}},
		{in: "xn--gre-7ka.example", want: Address{Host: "xn--gre-7ka.example", Port: 3260, Group: NoGroup}},

		{in: "", bad: "no host"},
		{in: ",1", bad: "no host"},
		{in: ":3260,1", bad: "no host"},
		{in: "192.0.2.1:,1", bad: noPort},
		{in: "192.0.2.1:0,1", bad: noPort},
		{in: "192.0.2.1:65536,1", bad: noPort},
		{in: "192.0.2.1:-1,1", bad: noPort},
		{in: "192.0.2.1:+1,1", bad: noPort},
		{in: "192.0.2.1:0x1,1", bad: noPort},
		{in: "192.0.2.1: 1,1", bad: noPort},
		{in: "192.0.2.1:iscsi,1", bad: noPort},
		{in: "192.0.2.1:3260:1", bad: noPort},
		{in: "192.0.2.1:3260,", bad: noTag},
		{in: "192.0.2.1:3260,65536", bad: noTag},
		{in: "192.0.2.1:3260,1_0", bad: noTag},
		{in: "192.0.2.1:3260,99999999999999999999", bad: noTag},
		{in: "192.0.2.1,1,1", bad: "not a host name: only letters, digits, '-' and '_'"},
		{in: "2001:db8::1,1", bad: noPort},
		{in: "2001:db8::10:860,1", bad: noPort}, // an address, or one with a port: two readings
		{in: "2001:db8:1:2:3:4:5:3260,1", bad: noPort},
		{in: "2001:db8::10:03260x,1", bad: noPort},
		{in: "192.0.2.1:3260,- 1", bad: noTag},
		{in: "192.0.2.1:3260,-2", bad: noTag},
		{in: "192.0.2.1:3260,1 1", bad: noTag},
		{in: "192.0.2.1:3260,\u00a01", bad: noTag},
		{in: "192.0.2.1: 3260,1", bad: noPort},
		{in: "192.0.2.1 :3260,1", bad: "not a host name: only letters, digits, '-' and '_'"},
		{in: "[2001:db8::1", bad: "a ']' is missing"},
		{in: "2001:db8::1]", bad: noPort},
		{in: "[]:3260,1", bad: noV6},
		{in: "[192.0.2.1]:3260,1", bad: noV6},
		{in: "[array.example]:3260,1", bad: noV6},
		{in: "[2001:db8::g],1", bad: noV6},
		{in: "[2001:db8::1]3260,1", bad: noPort},
		{in: "[2001:db8::1]:,1", bad: noPort},
		{in: "[[2001:db8::1]],1", bad: noV6},
		{in: "fe80::1%eth0", bad: noPort},
		{in: "192.0.2.256", bad: "not an IPv4 address"},
		{in: "192.0.2", bad: "not an IPv4 address"},
		{in: "192.0.2.01", bad: "not an IPv4 address"},
		{in: "3232235777", bad: "not an IPv4 address"},
		{in: " 192.0.2.1", bad: "not a host name: only letters, digits, '-' and '_'"},
		{in: "array example", bad: "not a host name: only letters, digits, '-' and '_'"},
		{in: "größe.example", bad: "not a host name: only letters, digits, '-' and '_'"},
		{in: "array.example\n10.0.0.1", bad: "not a host name: only letters, digits, '-' and '_'"},
		{in: "\x1b[2J", bad: "not a host name: only letters, digits, '-' and '_'"},
		{in: "a..b", bad: "not a host name: each part has 1 to 63 characters"},
		{in: ".", bad: "not a host name: each part has 1 to 63 characters"},
		{in: "-a.b", bad: "not a host name: no part begins or ends with '-'"},
		{in: strings.Repeat("a", 64) + ".b", bad: "not a host name: each part has 1 to 63 characters"},
		{in: strings.Repeat("a.", 128) + "b", bad: "a host of more than 255 bytes"},
	}
	for _, tt := range tests {
		got, _, reason := ParseAddress(tt.in, 3261)
		if reason != tt.bad || tt.bad == "" && got != tt.want {
			t.Errorf("%q: got %+v, %q, want %+v, %q", tt.in, got, reason, tt.want, tt.bad)
		}
	}
}

// TestSeenFrom: what an advertised address means to the host that asked. A
// link-local one takes the zone of the session, a wildcard becomes the address in
// use, and what no host can connect to is marked.
func TestSeenFrom(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		sent, session, want string
		unusable            Unusable
	}{
		{sent: "[fe80::2]", session: "fe80::1%eth0", want: "fe80::2%eth0"},
		{sent: "[fe80::2%enp0s9]:3260,1", session: "fe80::1%eth0", want: "fe80::2%eth0"},
		{sent: "[fe80::2%enp0s9]:3260,1", session: "2001:db8::1", want: "fe80::2", unusable: LinkLocalWithoutZone},
		{sent: "[fe80::2]", session: "192.0.2.1", want: "fe80::2", unusable: LinkLocalWithoutZone},
		{sent: "[2001:db8::2]", session: "fe80::1%eth0", want: "2001:db8::2"},
		{sent: "169.254.0.2", session: "fe80::1%eth0", want: "169.254.0.2"},
		{sent: "169.254.0.2", session: "192.0.2.1", want: "169.254.0.2"},
		{sent: "array.example", session: "fe80::1%eth0", want: "array.example"},
		{sent: "0.0.0.0:3261,7", session: "192.0.2.1", want: "192.0.2.1"},
		{sent: "[::]:3261,7", session: "2001:db8::1", want: "2001:db8::1"},
		{sent: "[::]", session: "192.0.2.1", want: "192.0.2.1"},
		{sent: "[::ffff:0.0.0.0]", session: "192.0.2.1", want: "192.0.2.1"},
		{sent: "0.0.0.0", session: "fe80::1%eth0", want: "fe80::1%eth0"},
		{sent: "0.0.0.0", session: "127.0.0.1", want: "127.0.0.1"},
		{sent: "[ff02::1]", session: "fe80::1%eth0", want: "ff02::1", unusable: MulticastAddress},
		{sent: "224.0.0.1", session: "192.0.2.1", want: "224.0.0.1", unusable: MulticastAddress},
		{sent: "255.255.255.255", session: "192.0.2.1", want: "255.255.255.255", unusable: BroadcastAddress},
		{sent: "127.0.0.1", session: "192.0.2.1", want: "127.0.0.1", unusable: LoopbackAddress},
		{sent: "[::1]", session: "192.0.2.1", want: "::1", unusable: LoopbackAddress},
		{sent: "[::ffff:127.0.0.1]", session: "192.0.2.1", want: "::ffff:127.0.0.1", unusable: LoopbackAddress},
		{sent: "127.0.0.2", session: "127.0.0.1", want: "127.0.0.2"},
		{sent: "127.0.0.2", session: "::1", want: "127.0.0.2"},
		{sent: "127.0.0.2", session: "::ffff:127.0.0.1", want: "127.0.0.2"},
	} {
		a, kind, reason := ParseAddress(tt.sent, pdu.DefaultPort)
		if reason != "" {
			t.Errorf("%s: %s", tt.sent, reason)
			continue
		}
		got := a.SeenFrom(netip.MustParseAddr(tt.session), kind)
		if got.Host != tt.want || got.Unusable != tt.unusable || got.Port != a.Port || got.Group != a.Group {
			t.Errorf("%s by %s: got %+v, want %s, %d", tt.sent, tt.session, got, tt.want, tt.unusable)
		}
	}
}
