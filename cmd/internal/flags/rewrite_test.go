package flags

import (
	"net/netip"
	"testing"
)

// A rewrite puts what an address has beside the block in the other block.
func TestRewrite(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ rewrite, from, want string }{
		{"10.0.0.5=192.0.2.5", "10.0.0.5", "192.0.2.5"},
		{"10.0.0.5=192.0.2.5", "10.0.0.6", ""},
		{"10.0.0.5=192.0.2.5", "2001:db8::5", ""},
		{"10.0.0.5/32=192.0.2.5", "10.0.0.5", "192.0.2.5"},
		{"10.0.0.0/24=192.0.2.0/24", "10.0.0.255", "192.0.2.255"},
		{"10.0.0.0/24=192.0.2.0/24", "10.0.1.1", ""},
		{"10.0.0.0/8=172.0.0.0/8", "10.1.2.3", "172.1.2.3"},
		{"10.0.0.16/28=192.0.2.224/28", "10.0.0.21", "192.0.2.229"},
		{"10.0.0.0/9=172.128.0.0/9", "10.127.2.3", "172.255.2.3"},
		{"10.0.0.0/24=192.0.2.0/24", "::ffff:10.0.0.7", "192.0.2.7"},
		{"::ffff:10.0.0.5=192.0.2.5", "10.0.0.5", "192.0.2.5"},
		{"fd00::/64=2001:db8:0:1::/64", "fd00::1:2:3", "2001:db8:0:1:0:1:2:3"},
		{"fd00::/60=2001:db8:0:10::/60", "fd00:0:0:f::9", "2001:db8:0:1f::9"},
		{"[fd00::5]=[2001:db8::5]", "fd00::5", "2001:db8::5"},
		{"fe80::5=2001:db8::5", "fe80::5%eth0", "2001:db8::5"},
		{"10.0.0.5=127.0.0.1", "10.0.0.5", "127.0.0.1"}, // the end of a tunnel
	} {
		r, err := parseRewrite(tt.rewrite)
		if err != nil {
			t.Errorf("%s: %v", tt.rewrite, err)
			continue
		}
		got, ok := r.Apply(netip.MustParseAddr(tt.from))
		if ok != (tt.want != "") || ok && got.String() != tt.want {
			t.Errorf("%s of %s: got %v %t, want %q", tt.rewrite, tt.from, got, ok, tt.want)
		}
	}
}
